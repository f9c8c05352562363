package catalog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heimdall/providers/llm"
)

const tool = "../../build/tools/prices"

// A case is what the package that the prices come from says a call costs.
type priced struct {
	Vendor string    `json:"vendor"`
	Model  string    `json:"model"`
	At     time.Time `json:"at"`
	Usage  llm.Usage `json:"usage"`
	ID     string    `json:"id"`
	Known  bool      `json:"known"`
	Input  float64   `json:"input"`
	Output float64   `json:"output"`
	Total  float64   `json:"total"`
}

func TestCostsAreThoseOfTheCatalogue(t *testing.T) {
	f, err := os.Open(filepath.Join("testdata", "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := compare(t, f); n < 300 {
		t.Errorf("only %d cases", n)
	}
}

func TestCostsAreThoseOfTheCatalogueAtLength(t *testing.T) {
	if _, err := os.Stat(filepath.Join(tool, "node_modules")); err != nil {
		t.Skip("the package is not installed: npm --prefix build/tools/prices ci")
	}
	out, err := exec.Command("node", filepath.Join(tool, "cases.mjs"), "6000", "7").Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := compare(t, bytes.NewReader(out)); n != 6000 {
		t.Errorf("%d cases", n)
	}
}

func compare(t *testing.T, cases io.Reader) (n int) {
	b, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(cases); s.Scan(); n++ {
		var c priced
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		q := Query{Vendor: c.Vendor, Model: c.Model, Request: "chat_completion", Usage: c.Usage, At: c.At}
		if m, _ := b.Find(q); c.ID != "" && m.ID != c.ID {
			t.Errorf("%s: found %q, want %q", s.Bytes(), m.ID, c.ID)
		}
		got := b.Cost(q)
		if got.Known != c.Known {
			t.Errorf("%s: known is %t", s.Bytes(), got.Known)
			continue
		}
		in, out := got.Input+got.CacheRead+got.CacheWrite, got.Output+got.Reasoning
		if !near(in, c.Input) || !near(out, c.Output) || !near(got.Total, c.Total) {
			t.Errorf("%s: costs %+v", s.Bytes(), got)
		}
	}
	return n
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

func TestEveryLineCanBeRead(t *testing.T) {
	b, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	models := 0
	for _, id := range Vendors() {
		for _, m := range b.Models(id, "") {
			models++
			if !m.Known && len(m.Prices) > 0 {
				t.Errorf("%s/%s: prices that are unknown: %v", id, m.ID, m.Prices)
			}
		}
	}
	if models < 1500 {
		t.Errorf("only %d models", models)
	}
	if _, err := time.Parse(time.DateOnly, Dated()); err != nil {
		t.Error(err)
	}
	if n := strings.Count(text, `"regex":"^(?!`); n > 0 {
		t.Errorf("%d expressions that Go cannot run", n)
	}
}
