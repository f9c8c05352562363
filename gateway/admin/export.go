package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

func (a *Admin) exportRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/logs/export", a.export)
	manage("GET", "/api/logs/{id}/curl", a.curl)
}

// exportPage is how many rows an export reads at once.
const exportPage = 500

// format is a way to write requests of the log into a file: begin, the requests with between after all but the last,
// and end.
type format struct {
	name, contentType   string
	begin, between, end string
	write               func(a *Admin, out *bytes.Buffer, r *exchange.Record, bodies bool) error
}

var formats = []format{
	{name: "jsonl", contentType: "application/x-ndjson", write: (*Admin).exportJSON},
	{name: "csv", contentType: "text/csv; charset=utf-8", write: (*Admin).exportCSV},
	{name: "har", contentType: "application/json", between: ",\n", end: "\n]}}\n", write: (*Admin).exportHAR},
}

// export writes what a query selects into a file, the newest first unless order says otherwise.
func (a *Admin) export(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	name := choice(&p, "format", "jsonl", "csv", "har")
	bodies := p.flag("bodies")
	q := a.selection(&p)
	q.SortBy, q.Ascending = "timestamp", choice(&p, "order", "desc", "asc") == "asc"
	limit := p.number("limit", 1<<31-1, 1, 1<<31-1)
	if err := p.done(); err != nil {
		return nil, err
	}
	now := a.now()
	if q.Until.IsZero() {
		q.Until = now
	}
	f := formats[0]
	for _, one := range formats {
		if one.name == name {
			f = one
		}
	}
	switch name {
	case "csv":
		f.begin = csvHead(bodies)
	case "har":
		f.begin = a.harHead()
	}
	next, stop := iter.Pull2(a.exported(ctx, q, limit, f, bodies))
	return &exchange.Reply{
		Status: http.StatusOK, ContentType: f.contentType, Stream: &pulled{next: next, stop: stop},
		Header: []exchange.Field{
			{Name: "Content-Disposition", Value: `attachment; filename="heimdall-logs-` + now.UTC().Format("20060102-150405") + "." + f.name + `"`},
			{Name: "Cache-Control", Value: "no-store"}, {Name: "X-Content-Type-Options", Value: "nosniff"},
		},
	}, nil
}

// exported yields the file piece by piece.
func (a *Admin) exported(ctx context.Context, q observe.Query, limit int, f format, bodies bool) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		out := bytes.NewBufferString(f.begin)
		n := 0
		for r, err := range a.selected(ctx, q) {
			if err == nil && bodies {
				r, err = a.whole(ctx, r)
			}
			if err == nil {
				if n > 0 {
					out.WriteString(f.between)
				}
				err = f.write(a, out, r, bodies)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if n++; n == limit {
				break
			}
			if out.Len() >= 32<<10 {
				if !yield(out.Bytes(), nil) {
					return
				}
				out.Reset()
			}
		}
		out.WriteString(f.end)
		yield(out.Bytes(), nil)
	}
}

// whole is a row with its bodies; the row itself where it was removed meanwhile.
func (a *Admin) whole(ctx context.Context, r *exchange.Record) (*exchange.Record, error) {
	full, err := a.Logs.Get(ctx, r.ID)
	if errors.Is(err, observe.ErrNotFound) {
		return r, nil
	}
	return full, err
}

// selected yields all that a query by time selects, without bodies. It reads page by page from where the last one ended,
// so that what is added or removed meanwhile moves nothing.
func (a *Admin) selected(ctx context.Context, q observe.Query) iter.Seq2[*exchange.Record, error] {
	return func(yield func(*exchange.Record, error) bool) {
		at, seen := time.Time{}, map[string]bool{} // those of the page's last moment
		for q.Limit = exportPage; ; {
			page, err := a.Logs.Search(ctx, q)
			if err != nil {
				yield(nil, err)
				return
			}
			fresh := 0
			for _, r := range page.Records {
				if r.Time.Equal(at) && seen[r.ID] {
					continue
				}
				if !r.Time.Equal(at) {
					at = r.Time
					clear(seen)
				}
				seen[r.ID] = true
				if fresh++; !yield(r, nil) {
					return
				}
			}
			switch {
			case len(page.Records) < q.Limit:
				return
			case fresh == 0: // more of one moment than a page has
				q.Limit *= 2
			case q.Ascending:
				q.Since = at
			default:
				q.Until = at.Add(time.Microsecond)
			}
		}
	}
}

// pulled is a stream of pieces that are made when somebody reads.
type pulled struct {
	next func() ([]byte, error, bool)
	stop func()
	rest []byte
	err  error
}

func (p *pulled) Read(to []byte) (int, error) {
	for len(p.rest) == 0 && p.err == nil {
		piece, err, ok := p.next()
		switch {
		case !ok:
			p.err = io.EOF
		case err != nil:
			p.err = err
		default:
			p.rest = piece
		}
	}
	if len(p.rest) == 0 {
		return 0, p.err
	}
	n := copy(to, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Close ends the stream.
func (p *pulled) Close() error {
	p.stop()
	return nil
}

// exportJSON writes a request as a line of JSON: as GET /api/logs shows it, with its bodies as GET /api/logs/{id} does.
func (a *Admin) exportJSON(out *bytes.Buffer, r *exchange.Record, bodies bool) error {
	var shown any = entry(r)
	if bodies {
		shown = a.detail(r)
	}
	return json.NewEncoder(out).Encode(shown)
}
