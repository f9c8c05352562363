package storetest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// logsText looks for what was said, before and after some of it has gone.
func logsText(t *testing.T, open func() observe.Store) {
	s := open()
	said := func(r *exchange.Record) string { return string(r.Request.Data) }
	record := func(id, text string) *exchange.Record {
		return &exchange.Record{ID: id, Time: noon, Status: exchange.StatusSuccess, Request: body(text)}
	}
	failed := record("failed", "the walrus failed")
	failed.Status = exchange.StatusError
	appendAll(t, s, record("a", "The Walrus and the carpenter"), record("b", "a carpenter, alone"), record("c", ""), failed)
	find := func(text string) string {
		t.Helper()
		return strings.Join(selects(t, s, filter.Like(filter.Text, text)), " ")
	}
	if got := find("walrus"); got != "" {
		t.Errorf("found %s before it was indexed", got)
	}
	indexAll(t, s, said)
	for text, want := range map[string]string{"walrus": "a failed", "carpenter": "a b", "and the carp*": "a", "the carpenter alone": "", "OR": "", `"`: "", "wal": ""} {
		if got := find(text); got != want {
			t.Errorf("%q is said in %q, want %q", text, got, want)
		}
	}
	appendAll(t, s, record("a", "nothing of it"))
	if got := find("carpenter"); got != "b" {
		t.Errorf("what was replaced is found: %q", got)
	}
	indexAll(t, s, said)
	if got := find("nothing"); got != "a" {
		t.Errorf("what replaces is not found: %q", got)
	}
	if err := s.Delete(t.Context(), []string{"b"}); err != nil {
		t.Fatal(err)
	}
	if got := find("carpenter"); got != "" {
		t.Errorf("what was deleted is found: %q", got)
	}
	if _, err := s.Prune(t.Context(), observe.Limits{BodiesBefore: noon.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if got := find("nothing"); got != "" {
		t.Errorf("what was pruned is found: %q", got)
	}
	if got := find("walrus"); got != "failed" {
		t.Errorf("the error is not found any more: %q", got)
	}
	indexAll(t, s, func(*exchange.Record) string { t.Error("a record is asked for twice"); return "" })
	// One that is deleted while it is being read leaves nothing.
	appendAll(t, s, record("quick", "a vanishing snark"))
	indexAll(t, s, func(r *exchange.Record) string {
		if err := s.Delete(t.Context(), []string{r.ID}); err != nil {
			t.Error(err)
		}
		return said(r)
	})
	appendAll(t, s, record("other", "no word")) // whatever number it has
	if got := find("snark"); got != "" {
		t.Errorf("what was deleted meanwhile is found: %q", got)
	}
}

// logsPruneErrors keeps errors longer than the rest, by age and by size.
func logsPruneErrors(t *testing.T, open func() observe.Store) {
	s := open()
	const n, size = 400, 10_000
	var batch []*exchange.Record
	for i := range n {
		r := full(fmt.Sprintf("%03d", i))
		r.Time, r.Status = noon.Add(time.Duration(i)*time.Minute), exchange.StatusSuccess
		r.Request, r.Sent, r.Response, r.Answer = body(noise(size)), exchange.Body{}, exchange.Body{}, exchange.Body{}
		if i%4 == 0 {
			r.Status = exchange.StatusError
		}
		if batch = append(batch, r); len(batch) == 40 {
			appendAll(t, s, batch...)
			batch = nil
		}
	}
	// left counts what is left: records, bodies, and of these errors'.
	left := func() (rows, bodies, errors int) {
		for i := range n {
			r, err := s.Get(t.Context(), fmt.Sprintf("%03d", i))
			if err != nil {
				continue
			}
			rows++
			if r.Request.Data != nil {
				bodies++
				if r.Status == exchange.StatusError {
					errors++
				}
			}
		}
		return rows, bodies, errors
	}
	check := func(after string, wantRows, wantErrors int, wantBodies func(int) bool) {
		t.Helper()
		if rows, bodies, errors := left(); rows != wantRows || errors != wantErrors || !wantBodies(bodies) {
			t.Errorf("%s: %d records, %d bodies, %d of errors; want %d records and %d errors", after, rows, bodies, errors, wantRows, wantErrors)
		}
	}
	prune := func(l observe.Limits) {
		t.Helper()
		if _, err := s.Prune(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	prune(observe.Limits{MaxBytes: n * size * 3 / 4})
	check("a quarter too much", n, n/4, func(n int) bool { return n > 150 && n < 320 })
	prune(observe.Limits{BodiesBefore: noon.Add(n * time.Hour)})
	check("bodies too old", n, n/4, func(n int) bool { return n == 100 })
	prune(observe.Limits{Before: noon.Add(200 * time.Minute), ErrorsBefore: noon.Add(40 * time.Minute)})
	check("records too old", 150+90, 90, func(n int) bool { return n == 90 })
	prune(observe.Limits{MaxBytes: 120 * size})
	if rows, bodies, _ := left(); rows != 240 || bodies < 10 || bodies > 75 {
		t.Errorf("much too much: %d records, %d bodies; want all records and some errors' bodies", rows, bodies)
	}
	prune(observe.Limits{Before: noon.Add(n * time.Hour)})
	check("all too old", 0, 0, func(n int) bool { return n == 0 })
}

func logsSize(t *testing.T, open func() observe.Store) {
	s := open()
	empty, err := s.Size(t.Context())
	if err != nil || empty.Rows != 0 || empty.BodyBytes != 0 || !empty.Oldest.IsZero() {
		t.Errorf("an empty log has %+v, %v", empty, err)
	}
	for i := range 50 {
		r := full(fmt.Sprint(i))
		r.Time, r.Request = noon.Add(time.Duration(100-i)*time.Minute), body(noise(10_000))
		appendAll(t, s, r)
	}
	got, err := s.Size(t.Context())
	if err != nil || got.Rows != 50 || got.BodyBytes < 300_000 || got.Bytes < got.BodyBytes || !got.Oldest.Equal(noon.Add(51*time.Minute)) {
		t.Errorf("the size is %+v, %v", got, err)
	}
	if _, err := s.Prune(t.Context(), observe.Limits{MaxBytes: got.Bytes / 2}); err != nil {
		t.Fatal(err)
	}
	if after, err := s.Size(t.Context()); err != nil || after.Bytes > got.Bytes/2 || after.Rows != 50 {
		t.Errorf("the size after a prune to %d is %+v, %v", got.Bytes/2, after, err)
	}
}

// logsFourBodies stores bodies that are alike, whole and cut.
func logsFourBodies(t *testing.T, open func() observe.Store) {
	s := open()
	long := []byte(noise(300_000))
	cut := func(n int) exchange.Body { return exchange.Body{Data: long[:n], Size: int64(len(long))} }
	other := bytes.Replace(long, long[1000:1010], []byte("something else"), 1)
	whole := func(b []byte) exchange.Body { return exchange.Body{Data: b, Size: int64(len(b))} }
	var all []*exchange.Record
	for i, of := range [][2]exchange.Body{
		{whole(long), whole(long)}, {whole(long), whole(other)}, {cut(4000), cut(4000)}, {cut(4000), whole(other)}, {{Size: 12}, whole(long)},
		{whole(long), {Size: 99}}, {whole(long), {}}, {whole(nil), whole(nil)},
	} {
		all = append(all, &exchange.Record{ID: fmt.Sprint(i), Time: noon, Request: of[0], Sent: of[1]},
			&exchange.Record{ID: fmt.Sprint(i, " back"), Time: noon, Response: of[0], Answer: of[1], AnswerMarks: []byte{1, 2}})
	}
	before, err := s.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, s, all...)
	for _, r := range all {
		checkGet(t, s, r)
	}
	after, err := s.Size(t.Context())
	if grown := after.BodyBytes - before.BodyBytes; err != nil || grown > 6_000_000 {
		t.Errorf("the bodies take %d bytes, %v", grown, err)
	}
}
