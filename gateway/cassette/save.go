package cassette

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	timings "heimdall/providers/timing"
)

// Writer writes one cassette. Dialect finds a dialect by its name.
type Writer struct {
	Dialect func(name string) (dialect.Dialect, bool)

	dir     string
	content manifest
}

// Create makes a new folder for a cassette below parent, which need not exist. Its name is made of the cassette's own,
// with a number where that is taken.
func Create(parent, name string, created time.Time) (*Writer, error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of cassettes: %w", err)
	}
	base := safeName(name)
	for n := 1; ; n++ {
		dir := filepath.Join(parent, base)
		if n > 1 {
			dir += "-" + strconv.Itoa(n)
		}
		err := os.Mkdir(dir, 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("make the cassette's folder: %w", err)
		}
		return &Writer{dir: dir, content: manifest{Format: Format, Name: name, Created: created.UTC().Truncate(time.Second), Entries: []string{}}}, nil
	}
}

// Dir is the cassette's folder.
func (w *Writer) Dir() string { return w.dir }

// Entries counts what was added.
func (w *Writer) Entries() int { return len(w.content.Entries) }

// Add writes a request and its answer. kept is false where the record does not have them whole, or there was no answer.
func (w *Writer) Add(rec *exchange.Record) (kept bool, err error) {
	answer, ok := whole(rec)
	if !ok {
		return false, nil
	}
	d, ok := w.Dialect(rec.Dialect)
	if !ok {
		return false, nil
	}
	name := fmt.Sprintf("%04d", len(w.content.Entries)+1)
	if err := os.Mkdir(filepath.Join(w.dir, name), 0o700); err != nil {
		return false, fmt.Errorf("make an entry of the cassette: %w", err)
	}
	e := entry{ID: rec.ID, Request: asked{Method: rec.Method, Path: rec.Path, Op: string(rec.Op), Dialect: rec.Dialect, Model: rec.RequestedModel, Stream: rec.Stream}}
	e.Response = w.answered(rec, d, answer)
	at := timing{passages(rec, frames(d, streamed(rec, answer), answer))}
	if len(rec.Request.Data) > 0 {
		e.Request.Body = requestFile
	}
	for _, f := range []struct {
		name    string
		content func() ([]byte, error)
	}{
		{e.Request.Body, func() ([]byte, error) { return legible(rec.Request.Data), nil }},
		{e.Response.Body, func() ([]byte, error) { return answer, nil }},
		{timingFile, func() ([]byte, error) { return json.Marshal(at) }},
		{entryFile, func() ([]byte, error) { return encode(e) }},
	} {
		if err := w.write(filepath.Join(name, f.name), f.name, f.content); err != nil {
			return false, err
		}
	}
	w.content.Entries = append(w.content.Entries, name)
	return true, nil
}

// Close writes the manifest, without which the folder is no cassette.
func (w *Writer) Close() error {
	return w.write(manifestFile, manifestFile, func() ([]byte, error) { return encode(w.content) })
}

// Discard removes the folder again.
func (w *Writer) Discard() error { return os.RemoveAll(w.dir) }

// write writes a file of the cassette; one without a name is none.
func (w *Writer) write(path, name string, content func() ([]byte, error)) error {
	if name == "" {
		return nil
	}
	data, err := content()
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, path), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write %s of the cassette: %w", path, err)
	}
	return nil
}

// whole is the answer as the client got it, where the record has all of it and all of the request.
func whole(rec *exchange.Record) (answer []byte, ok bool) {
	if rec.Status != exchange.StatusSuccess && rec.Status != exchange.StatusError || rec.Request.Cut() || rec.HTTPStatus == 0 {
		return nil, false
	}
	if rec.Answer.Size > 0 && !rec.Answer.Cut() {
		return rec.Answer.Data, true
	}
	if rec.Answer.Size == 0 && rec.UpstreamDialect == rec.Dialect && rec.Response.Size > 0 && !rec.Response.Cut() {
		return rec.Response.Data, true
	}
	return nil, false
}

// streamed reports whether the answer came in frames. One that failed before, or was not given as a stream, came whole.
func streamed(rec *exchange.Record, answer []byte) bool {
	return rec.Stream && rec.HTTPStatus < 400 && (len(rec.AnswerMarks) > 0 || !bytes.HasPrefix(bytes.TrimSpace(answer), []byte("{")))
}

func (w *Writer) answered(rec *exchange.Record, d dialect.Dialect, answer []byte) answered {
	out := answered{Status: rec.HTTPStatus, ContentType: "application/json", Header: []field{}, Body: "response.json", Provider: rec.Provider, Model: rec.Model}
	if streamed(rec, answer) {
		out.Stream = true
		out.ContentType = d.Server.ContentType()
		switch {
		case strings.HasPrefix(out.ContentType, "text/event-stream"):
			out.Body = "response.sse"
		case d.Text != nil:
			out.Body = "response.bin"
		}
	}
	for name, value := range exchange.Lines(rec.ResponseHeader) {
		if carried(name) && value != exchange.Masked {
			out.Header = append(out.Header, field{name, value})
		}
	}
	if e := rec.Error; e != nil {
		out.Error = &failure{e.Kind, e.Type, e.Code, e.Message, e.RetryAfter.Milliseconds()}
	}
	return out
}

// passages say when each part of the answer had passed to the client, in milliseconds.
func passages(rec *exchange.Record, parts [][]byte) []float64 {
	next, stop := iter.Pull(timings.All(rec.AnswerMarks))
	defer stop()
	mark, known := next()
	out := make([]float64, 0, len(parts))
	end := int64(0)
	for _, part := range parts {
		end += int64(len(part))
		for known && mark.End < end {
			mark, known = next()
		}
		at := rec.Latency
		if known {
			at = mark.At
		}
		out = append(out, float64(at.Microseconds())/1000)
	}
	return out
}

// legible indents a body, if it is JSON.
func legible(body []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return body
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// reserved are names that some systems give to devices, whatever follows a dot.
var reserved = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)`)

// maxName bounds a file's name, in characters.
const maxName = 60

// safeName makes of any text the name of a file that every system takes.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, name)
	if r := []rune(name); len(r) > maxName {
		name = string(r[:maxName])
	}
	name = strings.Trim(name, ".-")
	if name == "" || reserved.MatchString(name) {
		name = strings.TrimSuffix("cassette-"+name, "-")
	}
	return name
}
