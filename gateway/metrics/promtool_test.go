package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

const docs = "../../docs/monitoring/"

// promtool runs Prometheus' own checker. Debian's package prometheus has it.
func promtool(t *testing.T, in []byte, args ...string) (out string, err error) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed")
	}
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Stdin = bytes.NewReader(in)
	all, err := cmd.CombinedOutput()
	return string(all), err
}

// familyNames are the names of the metrics in an exposition.
func familyNames(t *testing.T, d expfmt.Decoder) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for {
		var f dto.MetricFamily
		if err := d.Decode(&f); errors.Is(err, io.EOF) {
			return names
		} else if err != nil {
			t.Fatal(err)
		}
		names[f.GetName()] = true
	}
}

// full is a gateway that has a series of every metric that something counts yet.
func full(t *testing.T) *Metrics {
	t.Helper()
	m := open(t, Options{Config: Config{Breakdown: true, Labels: []string{"team"}}, Dropped: func() (int64, int64) { return 1, 1 },
		Keys: func() []Key { return []Key{{"demo", "k1", "one", true}} }})
	r := record()
	m.Begin(r)
	m.End(r)
	r = plainRecord()
	r.CacheHit = "direct"
	m.End(r)
	r = plainRecord()
	failed := r.Attempts[0]
	failed.KeyID, failed.Status = "k0", 429
	r.Attempts = append(r.Attempts, failed, r.Attempts[0])
	r.Status = "error"
	m.End(r)
	m.Answered(Request{Path: "/", Method: "GET", Status: 200})
	return m
}

// Prometheus' checker has nothing against what is served, but for names that are given.
func TestTheCheckerLikesThePage(t *testing.T) {
	_, body := serve(t, full(t), header{})
	out, _ := promtool(t, []byte(body), "check", "metrics")
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasSuffix(line, `use base unit "seconds" instead of "microseconds"`) {
			t.Error(line)
		}
	}
}

func TestTheCheckerLikesTheConfiguration(t *testing.T) {
	if out, err := promtool(t, nil, "check", "config", docs+"prometheus.yml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Each alert fires when it should, and not when all is well.
func TestTheAlerts(t *testing.T) {
	if out, err := promtool(t, nil, "test", "rules", "testdata/alerts_test.yml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	rules, tests := text(t, docs+"alerts.yml"), text(t, "testdata/alerts_test.yml")
	for _, alert := range regexp.MustCompile(`(?m)- alert: (\w+)`).FindAllStringSubmatch(rules, -1) {
		if n := strings.Count(tests, "alertname: "+alert[1]+"\n"); n < 2 {
			t.Errorf("%s is tested %d times; show that it fires and that it does not", alert[1], n)
		}
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// panel is what the test reads of the dashboard.
type panel struct {
	Title   string
	Type    string
	Targets []struct{ Expr, LegendFormat string }
}

func dashboard(t *testing.T) (panels []panel, variables []string) {
	t.Helper()
	var board struct {
		Panels     []panel
		Templating struct {
			List []struct{ Name, Definition string }
		}
	}
	if err := json.Unmarshal([]byte(text(t, docs+"grafana.json")), &board); err != nil {
		t.Fatal(err)
	}
	for _, v := range board.Templating.List {
		variables = append(variables, v.Definition)
	}
	return board.Panels, variables
}

// The expressions of the dashboard are fit for Prometheus.
func TestTheDashboardsExpressions(t *testing.T) {
	panels, _ := dashboard(t)
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	n := 0
	for _, p := range panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("the panel %s shows nothing", p.Title)
		}
		for _, one := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$job", ".*", "$provider", ".*", "$model", ".*").Replace(one.Expr)
			n++
			fmt.Fprintf(&rules, "  - record: panel:%d\n    expr: %s\n", n, strconv.Quote(expr))
		}
	}
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, nil, "check", "rules", path); err != nil || n < 20 {
		t.Errorf("%d expressions: %v\n%s", n, err, out)
	}
}

var (
	metricName = regexp.MustCompile(`\b(?:bifrost|http|heimdall|process|go)_[a-z0-9_]+`)
	matcher    = regexp.MustCompile(`\{([^{}]*)\}`)
	matched    = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
	grouping   = regexp.MustCompile(`\b(?:by|ignoring|without|on) ?\(([^()]*)\)`)
	shown      = regexp.MustCompile(`\{\{ ?(?:\$labels\.)?([a-z_]+) ?\}\}`)
)

// Every metric and every label that the alerts and the dashboard name is there.
func TestNamesExist(t *testing.T) {
	panels, variables := dashboard(t)
	var exprs []string
	for _, p := range panels {
		for _, one := range p.Targets {
			exprs = append(exprs, one.Expr+" "+one.LegendFormat)
		}
	}
	exprs = append(exprs, variables...)
	exprs = append(exprs, strings.Split(text(t, docs+"alerts.yml"), "- alert: ")[1:]...)
	for _, expr := range exprs {
		labels := []string{"job", "instance", "le"}
		for _, name := range metricName.FindAllString(expr, -1) {
			labels = append(labels, labelsOf(t, name)...)
		}
		for _, name := range labelsIn(expr) {
			if !slices.Contains(labels, name) {
				t.Errorf("nothing has the label %s in %s", name, expr)
			}
		}
	}
}

// labelsIn are the labels that an expression names.
func labelsIn(expr string) (names []string) {
	for _, m := range matcher.FindAllStringSubmatch(expr, -1) {
		for _, l := range matched.FindAllStringSubmatch(m[1], -1) {
			names = append(names, l[1])
		}
	}
	for _, m := range grouping.FindAllStringSubmatch(expr, -1) {
		for l := range strings.SplitSeq(m[1], ",") {
			names = append(names, strings.TrimSpace(l))
		}
	}
	for _, m := range shown.FindAllStringSubmatch(expr, -1) {
		names = append(names, m[1])
	}
	return names
}

// labelsOf are the labels of a metric of the catalogue, or of one of the process.
func labelsOf(t *testing.T, name string) []string {
	for _, end := range []string{"_bucket", "_sum", "_count", ""} {
		base, ok := strings.CutSuffix(name, end)
		for i := range catalogue {
			if d := &catalogue[i]; ok && d.name == base && (end == "" || d.kind == histogram) {
				return d.names(Config{})
			}
		}
	}
	if !slices.Contains([]string{"process_resident_memory_bytes"}, name) && !slices.Contains(everyLabel(), name) {
		t.Errorf("there is no metric %s", name)
	}
	return nil
}

// everyLabel are all labels; some begin like metrics.
func everyLabel() (all []string) {
	for i := range catalogue {
		all = append(all, catalogue[i].names(Config{Users: true})...)
	}
	return all
}
