package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
)

// line is one measure beside its goal.
type line struct {
	Goal     int // number in the list of goals; 0 = only stated
	Gate     bool
	Measure  string
	Floor    string
	Measured string
	Commit   string
	OK       bool
	Note     string `json:",omitempty"`
}

// stated is a line without a goal.
func stated(measure, floor, measured string) line {
	return line{Measure: measure, Floor: floor, Measured: measured}
}

func (l line) verdict() string {
	switch {
	case l.Goal == 0:
		return ""
	case l.OK:
		return "ok"
	case l.Gate:
		return "MISSED (gate)"
	default:
		return "MISSED"
	}
}

// report gathers what the measures found.
type report struct {
	Go     string
	CPUs   int
	Lines  []line
	Series map[string]map[string]*series // measure → target
	wanted func(goal int) bool
}

func newReport(wanted func(int) bool) *report {
	return &report{Go: runtime.Version(), CPUs: runtime.NumCPU(), Series: map[string]map[string]*series{}, wanted: wanted}
}

func (r *report) add(l line) {
	if l.Goal == 0 || r.wanted(l.Goal) {
		r.Lines = append(r.Lines, l)
	}
}

func (r *report) keep(measure string, all map[string]*series) { r.Series[measure] = all }

// missedGates are the goals that end the program with an error.
func (r *report) missedGates() (goals []int) {
	for _, l := range r.Lines {
		if l.Gate && !l.OK && !slices.Contains(goals, l.Goal) {
			goals = append(goals, l.Goal)
		}
	}
	slices.Sort(goals)
	return goals
}

// print writes the table, by goal; what is only stated comes last.
func (r *report) print(w io.Writer) {
	lines := slices.Clone(r.Lines)
	slices.SortStableFunc(lines, func(a, b line) int { return a.rank() - b.rank() })
	fmt.Fprintf(w, "\n%s, %d CPUs. Median of the rounds [quartiles]; ÷ floor and added: within a round.\n\n", r.Go, r.CPUs)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "#\tmeasure\tfloor\tmeasured\tgoal\t")
	for _, l := range lines {
		number := "–"
		if l.Goal > 0 {
			number = fmt.Sprint(l.Goal)
		}
		end := l.verdict()
		if l.Note != "" {
			end += " (" + l.Note + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", number, l.Measure, l.Floor, l.Measured, l.Commit, end)
	}
	table.Flush()
}

func (l line) rank() int {
	if l.Goal == 0 {
		return 1000
	}
	return l.Goal
}

func (r *report) write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
