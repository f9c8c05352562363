package metrics

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file anew")

// list is the catalogue as people read it.
func list() string {
	var b strings.Builder
	for i := range catalogue {
		d := &catalogue[i]
		fmt.Fprintf(&b, "%s %s\n  %s\n", d.name, d.kind, d.help)
		if d.scope == scopeCall {
			b.WriteString("  labels: of calls, custom")
		} else if d.scope == scopeUser {
			b.WriteString("  labels: custom")
		} else {
			b.WriteString("  labels:")
		}
		for _, l := range d.labels {
			b.WriteString(" " + l)
		}
		b.WriteString("\n")
		if d.buckets != nil {
			b.WriteString("  buckets:")
			for _, le := range d.buckets {
				fmt.Fprintf(&b, " %g", le)
			}
			b.WriteString("\n")
		}
	}
	return "labels of calls: " + strings.Join(callLabels, " ") + "\nwith user_labels_enabled: " + strings.Join(userLabels, " ") + "\n\n" + b.String()
}

// Names of metrics and labels, and the buckets, are what dashboards are made of: they change only on purpose.
func TestCatalogue(t *testing.T) {
	const path = "testdata/metrics.golden"
	if *update {
		if err := os.WriteFile(path, []byte(list()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := text(t, path); list() != want {
		t.Errorf("the catalogue is not that of %s; write it anew with -update, if that is meant", path)
	}
}

// What is served is what the catalogue says.
func TestThePageIsTheCatalogue(t *testing.T) {
	m := full(t)
	config := *m.config.Load()
	all, err := m.gather()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, family := range all {
		name := family.GetName()
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			continue
		}
		served[name] = true
		i := slices.IndexFunc(catalogue[:], func(d definition) bool { return d.name == name })
		if i < 0 {
			t.Errorf("%s is not in the catalogue", name)
			continue
		}
		d := &catalogue[i]
		one := family.GetMetric()[0]
		var labels []string
		for _, l := range one.GetLabel() {
			labels = append(labels, l.GetName())
		}
		if want := slices.Sorted(slices.Values(d.names(config))); !slices.Equal(labels, want) {
			t.Errorf("%s has the labels %v, not %v", name, labels, want)
		}
		if string(d.kind) != strings.ToLower(family.GetType().String()) {
			t.Errorf("%s is a %s", name, family.GetType())
		}
		for j, b := range one.GetHistogram().GetBucket() {
			if j >= len(d.buckets) || b.GetUpperBound() != d.buckets[j] {
				t.Errorf("%s has a bucket %g", name, b.GetUpperBound())
			}
		}
	}
	later := []metric{embeddingRequests, embeddingCost, classifierRequests, classifierCost, toolDuration}
	for i := range catalogue {
		if served[catalogue[i].name] == slices.Contains(later, metric(i)) {
			t.Errorf("%s: served %v", catalogue[i].name, served[catalogue[i].name])
		}
	}
}

// Success and upstream have the same labels, so that they can be divided without grouping.
func TestSuccessDividesByUpstream(t *testing.T) {
	if !slices.Equal(catalogue[successRequests].names(Config{}), catalogue[upstreamRequests].names(Config{})) {
		t.Error("they have different labels")
	}
}
