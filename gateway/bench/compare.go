package main

import (
	"fmt"
	"time"
)

// target is one place that the same load is sent to.
type target struct {
	name string
	*process
	prefix string // before the path of the dialect
}

// series is what one target did in the rounds of one measure.
type series struct {
	P50    []float64 // µs, of requests, or of times to the first chunk
	P99    []float64
	Rate   []float64
	Delay  []float64 // µs, median of a round, of a chunk
	CPU    []float64 // µs a request, or a chunk, in the slices
	CPUAll float64   // µs a request, or a chunk, from before the warm-up to 2.5 s after the last slice
	Sent   int       // requests, warm-up included
	chunks int
	before usage
}

// plan is how a measure is repeated.
type plan struct {
	warm, slice time.Duration
	rounds      int
}

// settle is how long work put off, such as a batch of the log, still counts.
const settle = 2500 * time.Millisecond

// compare sends the job to all targets in turn, one slice a target and round, in rotating order. What stands for two
// targets, as a gateway that runs already does, is measured once and has both names.
func (b *bench) compare(what string, p plan, j job, named ...target) (map[string]*series, error) {
	b.progress(what)
	all := map[string]*series{}
	known := map[int]*series{}
	var targets []target
	for _, t := range named {
		if s, ok := known[t.pid]; ok {
			all[t.name] = s
			continue
		}
		s := &series{}
		var err error
		if s.before, err = usageOf(t.pid); err != nil {
			return nil, err
		}
		all[t.name], known[t.pid] = s, s
		targets = append(targets, t)
	}
	for _, t := range targets {
		if _, err := b.slice(t, j, p.warm, 0, all[t.name]); err != nil {
			return nil, fmt.Errorf("%s, warm-up of %s: %w", what, t.name, err)
		}
	}
	for round := range p.rounds {
		for i := range targets {
			t := targets[(i+round)%len(targets)]
			if err := b.counted(t, j, p.slice, uint64(round)+1, all[t.name]); err != nil {
				return nil, fmt.Errorf("%s, round %d of %s: %w", what, round+1, t.name, err)
			}
		}
	}
	time.Sleep(settle)
	for _, t := range targets {
		s := all[t.name]
		if t.name == direct {
			continue
		}
		after, err := usageOf(t.pid)
		if err != nil {
			return nil, err
		}
		s.CPUAll = micros(after.CPU-s.before.CPU) / float64(units(j, s.Sent, s.chunks))
	}
	b.report.keep(what, all)
	return all, nil
}

// counted is a slice that goes into the series.
func (b *bench) counted(t target, j job, length time.Duration, seed uint64, s *series) error {
	before, err := usageOf(t.pid)
	if err != nil {
		return err
	}
	r, err := b.slice(t, j, length, seed, s)
	if err != nil {
		return err
	}
	after, err := usageOf(t.pid)
	if err != nil {
		return err
	}
	s.P50, s.P99, s.Rate, s.Delay = append(s.P50, r.P50), append(s.P99, r.P99), append(s.Rate, r.Rate), append(s.Delay, r.Delay)
	if t.name != direct { // the mock works for all targets
		s.CPU = append(s.CPU, micros(after.CPU-before.CPU)/float64(units(j, r.Requests, r.Chunks)))
	}
	return nil
}

func (b *bench) slice(t target, j job, length time.Duration, seed uint64, s *series) (result, error) {
	j.Addr, j.Path, j.Duration, j.Seed = t.addr, t.prefix+j.Dialect, length, seed
	r, err := b.load.do(j)
	s.Sent += r.Requests
	s.chunks += r.Chunks
	return r, err
}

// units is what CPU is divided by: chunks of a stream, else requests.
func units(j job, requests, chunks int) int {
	if j.Do == streaming {
		return max(chunks, 1)
	}
	return max(requests, 1)
}
