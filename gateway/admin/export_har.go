package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"heimdall/gateway/exchange"
)

// The shapes of HAR 1.2, http://www.softwareishard.com/blog/har-12-spec/.
type (
	harNamed struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	harEntry struct {
		Started  string      `json:"startedDateTime"`
		Time     float64     `json:"time"`
		Request  harRequest  `json:"request"`
		Response harResponse `json:"response"`
		Cache    struct{}    `json:"cache"`
		Timings  harTimings  `json:"timings"`
		Comment  string      `json:"comment,omitempty"`
	}
	harRequest struct {
		Method      string     `json:"method"`
		URL         string     `json:"url"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harNamed `json:"cookies"`
		Headers     []harNamed `json:"headers"`
		QueryString []harNamed `json:"queryString"`
		PostData    *harPost   `json:"postData,omitempty"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int64      `json:"bodySize"`
	}
	harPost struct {
		MimeType string     `json:"mimeType"`
		Params   []harNamed `json:"params"`
		Text     string     `json:"text"`
		Comment  string     `json:"comment,omitempty"`
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harNamed `json:"cookies"`
		Headers     []harNamed `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int64      `json:"bodySize"`
	}
	harContent struct {
		Size     int64  `json:"size"`
		MimeType string `json:"mimeType"`
		Text     string `json:"text,omitempty"`
		Comment  string `json:"comment,omitempty"`
	}
	harTimings struct {
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
)

// harHead begins a file; its entries follow.
func (a *Admin) harHead() string {
	creator, _ := json.Marshal(map[string]string{"name": "Heimdall", "version": strings.TrimPrefix(a.Version, "v")})
	return `{"log":{"version":"1.2","creator":` + string(creator) + `,"entries":[` + "\n"
}

// exportHAR writes a request as the client made it and was answered.
func (a *Admin) exportHAR(out *bytes.Buffer, r *exchange.Record, bodies bool) error {
	total, first := milliseconds(r.Latency), milliseconds(r.TTFT)
	if first == 0 {
		first = total
	}
	e := harEntry{
		Started: r.Time.UTC().Format(time.RFC3339Nano), Time: total, Timings: harTimings{Wait: first, Receive: max(total-first, 0)},
		Request: harRequest{
			Method: r.Method, URL: a.address() + r.Path, HTTPVersion: "HTTP/1.1", Cookies: []harNamed{}, Headers: harHeader(r.Header),
			QueryString: []harNamed{}, HeadersSize: -1, BodySize: r.Request.Size,
		},
		Response: harResponse{
			Status: r.HTTPStatus, StatusText: http.StatusText(r.HTTPStatus), HTTPVersion: "HTTP/1.1", Cookies: []harNamed{},
			Headers: harHeader(r.ResponseHeader), HeadersSize: -1, BodySize: r.Answer.Size,
			Content: harContent{Size: r.Answer.Size, MimeType: contentType(r.ResponseHeader, r.Stream)},
		},
		Comment: strings.TrimSuffix(r.Provider+"/"+r.Model, "/"),
	}
	if bodies {
		asked, answered := body(r.Request), body(a.transcript.Legible(r.Dialect, r, r.Answer))
		if r.Request.Size > 0 {
			e.Request.PostData = &harPost{MimeType: contentType(r.Header, false), Params: []harNamed{}, Text: asked.Text, Comment: harComment(asked)}
		}
		e.Response.Content.Text, e.Response.Content.Comment = answered.Text, harComment(answered)
	}
	data, err := json.Marshal(e)
	out.Write(data)
	return err
}

// harComment says what of a body is missing.
func harComment(b Body) string {
	if b.Cut {
		return "the log kept only the beginning"
	}
	return b.Missing
}

func harHeader(lines []byte) []harNamed {
	out := []harNamed{}
	for name, value := range exchange.Lines(exchange.MaskHeader(lines)) {
		out = append(out, harNamed{name, value})
	}
	return out
}

// contentType is what a header says of its body.
func contentType(lines []byte, stream bool) string {
	for name, value := range exchange.Lines(lines) {
		if strings.EqualFold(name, "Content-Type") {
			return value
		}
	}
	if stream {
		return "text/event-stream"
	}
	return "application/json"
}

// address is where clients reach the gateway.
func (a *Admin) address() string {
	if at := a.Gateway.State().Address; at != "" {
		return strings.TrimSuffix(at, "/")
	}
	return "http://127.0.0.1"
}
