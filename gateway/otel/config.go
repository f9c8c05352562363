package otel

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// The protocols that a collector may speak.
const (
	ProtocolHTTP = "http"
	ProtocolGRPC = "grpc"
)

// Config says which collectors get what. The zero value is: none.
type Config struct {
	Profiles []Profile
	Filter   SpanFilter // for all profiles
}

// Profile is one collector. Problems says what may be in it.
type Profile struct {
	Enabled     bool
	ServiceName string
	Collector   string // its URL; for gRPC the scheme may be missing
	Protocol    string
	Headers     Headers // those without a value are left out
	CA          string  // authorities that are trusted besides the system's: PEM, or the path of a file with some
	Insecure    *bool   // gRPC where the URL has no scheme: no TLS; nil = true, unless there is a CA

	Metrics         bool
	MetricsEndpoint string        // "" = as Collector, by the path of its protocol
	MetricsEvery    time.Duration // how often metrics are sent

	RequestHeaders []string // names of header fields of callers that go along; * stands for any part of a name
	NoContent      bool     // nothing of what was said
	NoRootContent  bool     // nothing of it in the root span
	BySession      bool     // requests of a session are one trace, unless their caller belongs to another
	Raw            bool     // the bodies as they were sent and came, too
}

// SpanFilter leaves out spans of steps that belong to a plugin of those names (exclude), or to none of them (include).
// The zero value leaves out nothing.
type SpanFilter struct {
	Mode    string
	Plugins []string
}

const (
	FilterInclude = "include"
	FilterExclude = "exclude"
)

// keeps reports whether spans of a plugin are sent.
func (f SpanFilter) keeps(plugin string) bool {
	return f.Mode == "" || slices.Contains(f.Plugins, plugin) == (f.Mode == FilterInclude)
}

// Headers are header fields that may prove who we are; they do not print themselves.
type Headers map[string]string

func (Headers) String() string   { return "[secret]" }
func (Headers) GoString() string { return "[secret]" }

// Problem is one thing that is wrong with a config. Path begins at the profile's field, or at the config's.
type Problem struct {
	Path    string
	Message string
}

// Problems finds everything that is wrong with a config.
func (c Config) Problems() (wrong []Problem) {
	say := func(path, format string, args ...any) {
		wrong = append(wrong, Problem{path, fmt.Sprintf(format, args...)})
	}
	switch c.Filter.Mode {
	case "", FilterInclude, FilterExclude:
	default:
		say("plugin_span_filter.mode", "must be include or exclude")
	}
	for i := range c.Profiles {
		for _, p := range c.Profiles[i].problems() {
			say(fmt.Sprintf("profiles[%d].%s", i, p.Path), "%s", p.Message)
		}
	}
	return wrong
}

func (p *Profile) problems() (wrong []Problem) {
	say := func(path, format string, args ...any) {
		wrong = append(wrong, Problem{path, fmt.Sprintf(format, args...)})
	}
	if p.Protocol != ProtocolHTTP && p.Protocol != ProtocolGRPC {
		say("protocol", "must be http or grpc")
		return wrong
	}
	if _, err := p.target(p.Collector, tracesPath); err != nil {
		say("collector_url", "%s", err)
	}
	if _, err := p.metricsTarget(); err != nil && p.Metrics {
		say("metrics_endpoint", "%s", err)
	}
	if p.MetricsEvery < time.Second || p.MetricsEvery > 5*time.Minute {
		say("metrics_push_interval", "must be between 1 and 300 seconds")
	}
	for name, value := range p.Headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			say("headers."+name, "is no valid header name")
		case !httpguts.ValidHeaderFieldValue(value):
			say("headers."+name, "has characters that a header can't carry, such as a line break")
		case slices.Contains([]string{"content-type", "content-length", "content-encoding", "host", "te", "connection", "transfer-encoding"}, strings.ToLower(name)):
			say("headers."+name, "is set by the gateway and can't be a header of yours")
		}
	}
	for i, pattern := range p.RequestHeaders {
		if name := strings.ReplaceAll(pattern, "*", "x"); !httpguts.ValidHeaderFieldName(name) {
			say(fmt.Sprintf("request_headers[%d]", i), "must be the name of a header field, in which * stands for any part of it")
		}
	}
	if _, err := p.authorities(); err != nil {
		say("tls_ca_cert", "%s", err)
	}
	return wrong
}

// The paths of OTLP over HTTP (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP Request").
const (
	tracesPath  = "/v1/traces"
	metricsPath = "/v1/metrics"
)

// target is where something is sent.
type target struct {
	host   string // and port
	path   string
	secure bool
}

func (t target) String() string {
	if t.secure {
		return "https://" + t.host + t.path
	}
	return "http://" + t.host + t.path
}

// target reads a URL; path is the one of the signal where the URL has none.
func (p *Profile) target(text, path string) (target, error) {
	grpc := p.Protocol == ProtocolGRPC
	text = strings.TrimSpace(text)
	if text == "" {
		return target{}, errors.New("is missing; give the collector's address, such as http://localhost:4318")
	}
	if grpc && !strings.Contains(text, "://") {
		plain := p.CA == ""
		if p.Insecure != nil {
			plain = *p.Insecure
		}
		text = map[bool]string{true: "http://", false: "https://"}[plain] + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return target{}, errors.New("must be an address such as http://localhost:4318, or for grpc localhost:4317")
	case u.User != nil:
		return target{}, errors.New("must hold no user name or password; put them into headers.Authorization")
	case u.RawQuery != "" || u.Fragment != "":
		return target{}, errors.New("must have no ? and no #")
	case u.Scheme == "http" && p.Insecure != nil && !*p.Insecure:
		return target{}, errors.New("begins with http:// while insecure is false; use https://")
	}
	t := target{host: u.Host, path: strings.TrimSuffix(u.Path, "/"), secure: u.Scheme == "https"}
	switch {
	case grpc && t.path != "":
		return target{}, errors.New("must have no path with the protocol grpc")
	case grpc && u.Port() == "" && !t.secure:
		t.host = net.JoinHostPort(u.Hostname(), "4317")
	case !grpc && t.path == "":
		t.path = path
	}
	return t, nil
}

// metricsTarget is where metrics go.
func (p *Profile) metricsTarget() (target, error) {
	if p.MetricsEndpoint != "" {
		return p.target(p.MetricsEndpoint, metricsPath)
	}
	t, err := p.target(p.Collector, metricsPath)
	if err != nil || p.Protocol == ProtocolGRPC || t.path == metricsPath {
		return t, err
	}
	base, ok := strings.CutSuffix(t.path, tracesPath)
	if !ok {
		return t, errors.New("is missing; the path of collector_url does not end in /v1/traces, so say where metrics go")
	}
	t.path = base + metricsPath
	return t, nil
}

// authorities are those that the profile trusts; nil = the system's.
func (p *Profile) authorities() (*x509.CertPool, error) {
	if p.CA == "" {
		return nil, nil
	}
	text := []byte(p.CA)
	if !strings.HasPrefix(strings.TrimSpace(p.CA), "-----BEGIN") {
		var err error
		if text, err = os.ReadFile(p.CA); err != nil {
			return nil, fmt.Errorf("must be a certificate in PEM, or the path of a file with one: %w", err)
		}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("must be one certificate or more in PEM, -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}

// tls is how the collector's certificate is checked.
func (p *Profile) tls() (*tls.Config, error) {
	pool, err := p.authorities()
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// sent are the headers that have a value.
func (p *Profile) sent() map[string]string {
	out := map[string]string{}
	for name, value := range p.Headers {
		if value != "" {
			out[name] = value
		}
	}
	return out
}
