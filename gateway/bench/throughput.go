package main

import (
	"fmt"
	"time"
)

// alone is one connection: what the hop adds.
func (b *bench) alone() error {
	if err := b.gateways(); err != nil {
		return err
	}
	s, err := b.compare("one connection", b.plan(400*time.Millisecond, 1200*time.Millisecond), usual(closedLoop, 1),
		b.target(direct, ""), b.target(floorName, ""), b.target(noLog, openAI), b.target(fullLog, openAI))
	if err != nil {
		return err
	}
	base, gate := s[floorName], s[fullLog]
	times := within(gate.P50, base.P50, ratio)
	added := within(gate.P50, base.P50, minus)
	over := within(gate.P50, s[direct].P50, minus)
	own := within(base.P50, s[direct].P50, minus)
	b.report.add(line{Goal: 3, Gate: true, Measure: "p50 ÷ floor, c=1, full log", Floor: micro(spreadOf(base.P50)),
		Measured: times.format("%.2f"), Commit: "≤ 1.4", OK: times.Median <= 1.4})
	b.report.add(line{Goal: 3, Gate: true, Measure: "p50 added over the floor", Floor: "0", Measured: micro(added),
		Commit: "≤ 40 µs", OK: added.Median <= 40})
	third := line{Goal: 3, Gate: true, Measure: "p50 added over direct", Floor: micro(own), Measured: micro(over),
		Commit: "< 100 µs", OK: over.Median < 100}
	if own.Median > 60 {
		third.Gate, third.Note = false, "the floor alone adds more than 60 µs on this machine now: not a gate"
	}
	b.report.add(third)
	b.report.add(stated("p50 ÷ floor, c=1, no log", micro(spreadOf(base.P50)), within(s[noLog].P50, base.P50, ratio).format("%.2f")))
	b.report.add(stated("CPU all a request, c=1, full log", cpu(base.CPUAll), cpu(gate.CPUAll)))
	return nil
}

// sixteen connections: what a request costs.
func (b *bench) sixteen() error {
	if err := b.gateways(); err != nil {
		return err
	}
	s, err := b.compare("16 connections", b.plan(600*time.Millisecond, 1500*time.Millisecond), usual(closedLoop, 16),
		b.target(direct, ""), b.target(floorName, ""), b.target(noLog, openAI), b.target(fullLog, openAI))
	if err != nil {
		return err
	}
	base, off, full := s[floorName], s[noLog], s[fullLog]
	for _, g := range []struct {
		goal   int
		what   string
		it     *series
		commit float64
	}{{1, "no content log", off, 1.7}, {2, "full log", full, 3}} {
		r := g.it.CPUAll / base.CPUAll
		b.report.add(line{Goal: g.goal, Gate: true, Measure: "CPU all a request ÷ floor, c=16, " + g.what, Floor: cpu(base.CPUAll),
			Measured: fmt.Sprintf("%.2f (%s)", r, cpu(g.it.CPUAll)), Commit: fmt.Sprintf("≤ %.2g", g.commit), OK: r <= g.commit})
	}
	rate := within(full.Rate, base.Rate, ratio)
	b.report.add(line{Goal: 5, Measure: "requests/s ÷ floor, c=16, full log", Floor: fmt.Sprintf("%.0f/s", spreadOf(base.Rate).Median),
		Measured: fmt.Sprintf("%s (%.0f/s)", rate.format("%.2f"), spreadOf(full.Rate).Median), Commit: "≥ 0.45", OK: rate.Median >= 0.45})
	log := within(full.P50, off.P50, ratio)
	b.report.add(line{Goal: 8, Measure: "p50 with log ÷ without, c=16", Floor: micro(spreadOf(base.P50)), Measured: log.format("%.2f"),
		Commit: "≤ 1.5", OK: log.Median <= 1.5})
	return nil
}

// arriving is the open loop: requests come when they come.
func (b *bench) arriving() error {
	if err := b.gateways(); err != nil {
		return err
	}
	rows := b.logged()
	j := usual(openLoop, 128)
	j.Rate = 2000
	s, err := b.compare("2 000 arrivals a second", b.plan(400*time.Millisecond, 1500*time.Millisecond), j,
		b.target(floorName, ""), b.target(fullLog, openAI))
	if err != nil {
		return err
	}
	base, full := s[floorName], s[fullLog]
	times := within(full.P50, base.P50, ratio)
	b.report.add(line{Goal: 6, Measure: "p50 ÷ floor at 2 000/s from the due time, no errors", Floor: micro(spreadOf(base.P50)),
		Measured: times.format("%.2f"), Commit: "≤ 1.6", OK: times.Median <= 1.6})
	drops := line{Goal: 8, Measure: "log rows lost at 2 000/s", Floor: "–", Measured: "not known", Commit: "0", Note: "/api/logs did not say"}
	if now := b.logged(); rows >= 0 && now >= 0 {
		lost := int64(full.Sent) - (now - rows)
		drops.Measured, drops.OK, drops.Note = fmt.Sprint(lost), lost == 0, ""
	}
	b.report.add(drops)

	j.Rate, j.Conns = 5000, 256
	s, err = b.compare("5 000 arrivals a second", b.plan(400*time.Millisecond, 1500*time.Millisecond), j,
		b.target(floorName, ""), b.target(fullLog, openAI))
	if err != nil {
		return err
	}
	done := func(s *series) (percent float64, text string) {
		percent = spreadOf(s.Rate).Median / j.Rate * 100
		return percent, fmt.Sprintf("%.1f %%, p50 %s", percent, micro(spreadOf(s.P50)))
	}
	_, own := done(s[floorName])
	percent, text := done(s[fullLog])
	b.report.add(line{Goal: 7, Measure: "rate done at 5 000/s, no errors", Floor: own, Measured: text, Commit: "≥ 99 %", OK: percent >= 99})
	return nil
}

// logged is how many rows the log of the full gateway has; -1 where it does not say.
func (b *bench) logged() int64 {
	var page struct {
		Pagination struct {
			Total *int64 `json:"total_count"`
		} `json:"pagination"`
	}
	if err := b.full.get("/api/logs?limit=1", &page); err != nil || page.Pagination.Total == nil {
		return -1
	}
	return *page.Pagination.Total
}

// streams is 50 streams of 100 chunks, 5 ms apart.
func (b *bench) streams() error {
	if err := b.gateways(); err != nil {
		return err
	}
	j := usual(streaming, 50)
	j.Chunks = 100
	s, err := b.compare("50 streams", b.plan(500*time.Millisecond, 1000*time.Millisecond), j,
		b.target(direct, ""), b.target(floorName, ""), b.target(fullLog, openAI))
	if err != nil {
		return err
	}
	base, full := s[floorName], s[fullLog]
	r := full.CPUAll / base.CPUAll
	b.report.add(line{Goal: 10, Measure: "CPU all a chunk ÷ floor, 50 streams, full log", Floor: cpu(base.CPUAll),
		Measured: fmt.Sprintf("%.2f (%s)", r, cpu(full.CPUAll)), Commit: "≤ 1.3", OK: r <= 1.3})
	own := within(base.P50, s[direct].P50, minus)
	added := within(full.P50, s[direct].P50, minus)
	first := line{Goal: 11, Measure: "added time to first chunk ÷ floor, 50 streams, no chunk lost", Floor: micro(own), Commit: "≤ 2"}
	first.Measured = fmt.Sprintf("%.2f (%s)", added.Median/own.Median, micro(added))
	first.OK = added.Median <= 2*own.Median
	if own.Median <= 0 {
		first.Measured, first.OK, first.Note = micro(added), added.Median <= 0, "the floor added nothing: no ratio"
	}
	b.report.add(first)
	b.report.add(stated("added delay a chunk, 50 streams", micro(within(base.Delay, s[direct].Delay, minus)),
		micro(within(full.Delay, s[direct].Delay, minus))))
	return b.translatedStreams(j)
}

// translatedStreams is the same for a client of the other dialect.
func (b *bench) translatedStreams(j job) error {
	j.Dialect, j.Model = messagesPath, "openai/"+model
	s, err := b.compare("50 translated streams", b.plan(500*time.Millisecond, 1000*time.Millisecond), j,
		b.target(floorName, ""), b.target(fullLog, anthropic))
	if err != nil {
		return err
	}
	base, full := s[floorName], s[fullLog]
	r := full.CPUAll / base.CPUAll
	b.report.add(line{Goal: 10, Measure: "CPU all a translated chunk ÷ floor, 50 streams, full log", Floor: cpu(base.CPUAll),
		Measured: fmt.Sprintf("%.2f (%s)", r, cpu(full.CPUAll)), Commit: "≤ 2.5", OK: r <= 2.5})
	return nil
}

// translated sends one dialect to a provider of the other.
func (b *bench) translated() error {
	if err := b.gateways(); err != nil {
		return err
	}
	for _, way := range []struct{ name, prefix, dialect, model string }{
		{"anthropic client, openai provider", anthropic, messagesPath, "openai/" + model},
		{"openai client, anthropic provider", openAI, chatPath, "anthropic/claude-3-5-haiku-20241022"},
	} {
		j := usual(closedLoop, 16)
		j.Dialect, j.Model = way.dialect, way.model
		s, err := b.compare("translated, "+way.name, b.plan(500*time.Millisecond, 1000*time.Millisecond), j,
			b.target(floorName, ""), b.target(fullLog, way.prefix))
		if err != nil {
			return err
		}
		r := s[fullLog].CPUAll / s[floorName].CPUAll
		b.report.add(line{Goal: 9, Measure: "CPU all a request ÷ floor, c=16, " + way.name, Floor: cpu(s[floorName].CPUAll),
			Measured: fmt.Sprintf("%.2f (%s)", r, cpu(s[fullLog].CPUAll)), Commit: "≤ 6", OK: r <= 6})
	}
	return nil
}

func (b *bench) bigRequests() error {
	if err := b.gateways(); err != nil {
		return err
	}
	j := usual(closedLoop, 16)
	j.Size = 64 << 10
	s, err := b.compare("64 KB requests", b.plan(500*time.Millisecond, 1000*time.Millisecond), j,
		b.target(floorName, ""), b.target(fullLog, openAI))
	if err != nil {
		return err
	}
	r := s[fullLog].CPUAll / s[floorName].CPUAll
	b.report.add(line{Goal: 17, Measure: "CPU all a 64 KB request ÷ floor, c=16, full log", Floor: cpu(s[floorName].CPUAll),
		Measured: fmt.Sprintf("%.2f (%s)", r, cpu(s[fullLog].CPUAll)), Commit: "≤ 6", OK: r <= 6})
	return nil
}

func micro(s spread) string     { return s.format("%.0f") + " µs" }
func cpu(micros float64) string { return fmt.Sprintf("%.1f µs", micros) }
