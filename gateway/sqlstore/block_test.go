package sqlstore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

func TestEncoderKeepsEveryByte(t *testing.T) {
	tr := newTraffic()
	agents := func(n int) (all []byte) {
		for range n {
			e := tr.agents()
			all = append(append(all, e.request...), e.response...)
		}
		return all
	}
	message := tr.message("user", 100)
	for name, src := range map[string][]byte{
		"one byte":            []byte("x"),
		"only a brace":        []byte("{"),
		"braces":              bytes.Repeat([]byte("{"), 5000),
		"a short repeat":      []byte(message + "," + message),
		"a repeat at the end": []byte(message + strings.Repeat("-", 70_000) + message),
		"agents":              agents(100),
		"noise":               tr.noise(70_000, 0).request,
		"a long repeat":       bytes.Repeat(append(tr.noise(20_000, 0).request, message...), 3),
		"a huge repeat":       bytes.Repeat([]byte(message), 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			codec, data := new(encoder).encode(src)
			got, err := decode(codec, data)
			if err != nil || !bytes.Equal(got, src) {
				t.Errorf("%d bytes came back as %d, %v", len(src), len(got), err)
			}
		})
	}
}

func TestHistoriesAreStoredOnce(t *testing.T) {
	tr := newTraffic()
	history := `{"messages":[` + tr.message("system", 8000)
	var batch []*exchange.Record
	raw := 0
	for i := range 20 {
		history += "," + tr.message("user", 300)
		r := benchRecord(i, time.Unix(int64(i), 0), []byte(history+"]}"), nil)
		raw += len(r.Request.Data)
		batch = append(batch, r)
	}
	l := openLogs(t, filepath.Join(t.TempDir(), "logs.db"))
	if err := l.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	var stored int
	if err := l.read.QueryRowContext(t.Context(), "SELECT sum(size) FROM blocks").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if stored > len(history)+4000 {
		t.Errorf("a history of %d bytes, sent 20 times with %d bytes in all, takes %d", len(history), raw, stored)
	}
}

// The words of what was deleted can't be found either.
func TestDeletedWordsAreGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.db")
	l := openLogs(t, path)
	tr := newTraffic()
	said := func(r *exchange.Record) string {
		text := tr.message("user", 2000)
		if r.ID == "secret" {
			text += " the password is xyzzyplugh"
		}
		return text
	}
	for i := range 40 {
		var batch []*exchange.Record
		for j := range 10 {
			batch = append(batch, &exchange.Record{ID: fmt.Sprint(i, ".", j), Time: time.Now()})
		}
		if i == 20 {
			batch[5].ID = "secret"
		}
		if err := l.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if _, err := l.IndexText(t.Context(), 10, said); err != nil {
			t.Fatal(err)
		}
	}
	holds := func() (found bool) {
		for _, file := range []string{path, path + "-wal"} {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || bytes.Contains(data, []byte("zzyplugh")) // words share their beginnings
		}
		return found
	}
	if !holds() {
		t.Fatal("the test looks for the wrong bytes")
	}
	if err := l.Delete(t.Context(), []string{"secret"}); err != nil {
		t.Fatal(err)
	}
	if holds() {
		t.Error("a word of a deleted record is still in the files")
	}
	// Nor are those of what was deleted while they were looked for.
	if err := l.Append(t.Context(), []*exchange.Record{{ID: "quick", Time: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	_, err := l.IndexText(t.Context(), 10, func(r *exchange.Record) string {
		if err := l.Delete(t.Context(), []string{r.ID}); err != nil {
			t.Error(err)
		}
		return "also xyzzyplugh"
	})
	if err != nil || holds() {
		t.Errorf("a word of a record that is deleted meanwhile is in the files (%v)", err)
	}
	if p, err := l.Search(t.Context(), observe.Query{Where: filter.Like(filter.Text, tr.words[0]+"*")}); err != nil || p.Total == 0 {
		t.Errorf("the words of the others are found in %d records, %v", p.Total, err)
	}
}

// What was deleted can't be found in the files, not even in what the database has no use for.
func TestDeletedBytesAreGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.db")
	l := openLogs(t, path)
	tr := newTraffic()
	var batch []*exchange.Record
	for i := range 10 { // one in ten is enough to make the block smaller
		batch = append(batch, benchRecord(i, time.Unix(int64(i), 0), tr.noise(9000, 0).request, tr.noise(0, 5000).response))
	}
	if err := l.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	secret := batch[9].Request.Data[4000:4100]
	settled := func() []byte {
		if _, err := l.Prune(t.Context(), observe.Limits{}); err != nil {
			t.Fatal(err)
		}
		var all []byte
		for _, file := range []string{path, path + "-wal"} {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, data...)
		}
		return all
	}
	holds := func(data []byte) bool {
		for at := 0; at+32 <= len(secret); at += 32 { // pages may divide it
			if bytes.Contains(data, secret[at:at+32]) {
				return true
			}
		}
		return false
	}
	if !holds(settled()) {
		t.Fatal("the test looks for the wrong bytes")
	}
	if err := l.Delete(t.Context(), []string{batch[9].ID}); err != nil {
		t.Fatal(err)
	}
	if holds(settled()) {
		t.Error("the bytes of a deleted record are still in the files")
	}
}

func TestBlocksGoWithTheirLastRecord(t *testing.T) {
	l := openLogs(t, filepath.Join(t.TempDir(), "logs.db"))
	for b := range 3 {
		var batch []*exchange.Record
		for i := range 10 {
			at := time.Unix(int64(100*b+i), 0)
			r := benchRecord(10*b+i, at, []byte(fmt.Sprint("request ", i)), nil)
			r.ID = fmt.Sprint(10*b + i)
			batch = append(batch, r)
		}
		if err := l.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int, after string) {
		t.Helper()
		var n int
		if err := l.read.QueryRowContext(t.Context(), "SELECT count(*) FROM blocks").Scan(&n); err != nil || n != want {
			t.Errorf("%s: %d blocks (%v), want %d", after, n, err, want)
		}
	}
	count(3, "three batches")
	if _, err := l.Prune(t.Context(), observe.Limits{Before: time.Unix(105, 0)}); err != nil {
		t.Fatal(err)
	}
	count(2, "pruned into the second batch")
	var ids []string
	for i := 15; i < 30; i++ {
		ids = append(ids, fmt.Sprint(i))
	}
	if err := l.Delete(t.Context(), ids[:14]); err != nil {
		t.Fatal(err)
	}
	count(1, "deleted all but one record")
	if err := l.Delete(t.Context(), ids[14:]); err != nil {
		t.Fatal(err)
	}
	count(0, "deleted the last one")
}
