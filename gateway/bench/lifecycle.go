package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// start is the time from exec to the first 200, with an empty folder each time.
func (b *bench) start() error {
	if b.gatewayAddr != "" {
		return nil
	}
	b.progress("start")
	return b.starts("exec → first 200, empty folder", b.newFolder)
}

// startWithBigLog starts on the folder in which the gateway with the full log wrote until now.
func (b *bench) startWithBigLog() error {
	if b.gatewayAddr != "" {
		return nil
	}
	b.progress("start with a big log")
	dir := b.bigLog
	if dir == "" {
		if b.full == nil { // nothing was logged yet in this run
			if err := b.gateways(); err != nil {
				return err
			}
			if _, err := b.compare("a log", plan{slice: 4 * time.Second, rounds: 1}, usual(closedLoop, 16), b.target(fullLog, openAI)); err != nil {
				return err
			}
		}
		b.full.stop()
		dir, b.full = b.full.dir, nil
	}
	return b.starts(fmt.Sprintf("exec → first 200, folder of %d MB", folderSize(dir)>>20), func() (string, error) { return dir, nil })
}

// pause before a start lets the disk come to rest after the process before.
const pause = time.Second

func (b *bench) starts(what string, folder func() (string, error)) error {
	var times, floors []float64
	for range max(b.runs, 5) {
		time.Sleep(pause)
		before := time.Now()
		f, err := startSelf("floor", true, "--upstream", b.mock.addr)
		if err != nil {
			return err
		}
		err = awaitHealth(f.addr, 5*time.Second)
		floors = append(floors, micros(time.Since(before))/1000)
		f.stop()
		if err != nil {
			return err
		}
		dir, err := folder()
		if err != nil {
			return err
		}
		p, took, err := startGateway(b.gateway, b.mock.addr, dir, true)
		if err != nil {
			return err
		}
		p.stop()
		times = append(times, micros(took)/1000)
	}
	s := spreadOf(times)
	b.report.add(line{Goal: 15, Gate: true, Measure: what, Floor: spreadOf(floors).format("%.0f") + " ms",
		Measured: s.format("%.0f") + " ms", Commit: "≤ 80 ms", OK: s.Median <= 80})
	return nil
}

func folderSize(dir string) (bytes int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}

// fresh is what one process that did nothing before holds: idle, with streams, and after those hung up.
func (b *bench) fresh() error {
	gate, err := b.startOne(true)
	if err != nil {
		return err
	}
	defer gate.stop()
	base, err := startSelf("floor", true, "--upstream", b.mock.addr)
	if err != nil {
		return err
	}
	defer base.stop()
	t := target{fullLog, gate, openAI}
	floor := target{floorName, base, ""}
	if err := b.idle(floor, t); err != nil {
		return err
	}
	if b.wanted(13) {
		if err := b.held(floor, t); err != nil {
			return err
		}
	}
	if b.wanted(16) {
		return b.hangUps(t)
	}
	return nil
}

// idle waits until the start is over and looks at what is used then.
func (b *bench) idle(floor, t target) error {
	b.progress("idle")
	watch := 10 * time.Second
	if b.quick {
		watch = 3 * time.Second
	}
	time.Sleep(settle)
	var before, after [2]usage
	for i, t := range []target{floor, t} {
		var err error
		if before[i], err = usageOf(t.pid); err != nil {
			return err
		}
	}
	time.Sleep(watch)
	for i, t := range []target{floor, t} {
		var err error
		if after[i], err = usageOf(t.pid); err != nil {
			return err
		}
	}
	used := func(i int) float64 { return 100 * (after[i].CPU - before[i].CPU).Seconds() / watch.Seconds() }
	b.report.add(line{Goal: 12, Measure: "RSS idle", Floor: megabytes(after[0].RSS), Measured: megabytes(after[1].RSS),
		Commit: "≤ 40 MB", OK: after[1].RSS <= 40<<20})
	b.report.add(line{Goal: 18, Measure: "CPU idle", Floor: fmt.Sprintf("%.1f %%", used(0)), Measured: fmt.Sprintf("%.1f %%", used(1)),
		Commit: "≤ 0.3 % of a core", OK: used(1) <= 0.3})
	return nil
}

// hangUps opens 200 streams, hangs up, and asks the mock how many it still has.
func (b *bench) hangUps(t target) error {
	const clients = 200
	for _, c := range []struct {
		what   string
		b      behaviour
		await  bool
		limit  time.Duration
		commit string
	}{
		{"0.5 s chunks", behaviour{Chunks: 1 << 20, Interval: 500 * time.Millisecond}, true, 2 * time.Second, "0 after 2 s"},
		{"silent after the head", behaviour{Chunks: 1, Silent: silentHeaders}, false, time.Second, "0 after 1 s"},
		{"silent", behaviour{Chunks: 1, Silent: silentAll}, false, time.Second, "0 after 1 s"},
	} {
		b.progress("200 clients hang up, upstream: " + c.what)
		if err := b.mock.behave(c.b); err != nil {
			return err
		}
		if err := b.holdStreams(t, clients, c.await); err != nil {
			return err
		}
		if _, err := b.load.do(job{Do: release}); err != nil {
			return err
		}
		start := time.Now()
		var text string
		ok := false
		for _, after := range []time.Duration{300 * time.Millisecond, time.Second, 2 * time.Second} {
			time.Sleep(time.Until(start.Add(after)))
			open, err := b.open()
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" / %d", open)
			ok = ok || (after <= c.limit && open == 0)
		}
		b.report.add(line{Goal: 16, Gate: true, Measure: "upstream streams left 0.3 / 1 / 2 s after 200 hang up, " + c.what,
			Floor: "–", Measured: text[3:], Commit: c.commit, OK: ok})
		if err := b.awaitOpen(0); err != nil {
			return err
		}
	}
	return nil
}

// held is the memory of streams that stay open.
func (b *bench) held(floor, t target) error {
	if err := b.mock.behave(behaviour{Chunks: 1 << 20, Interval: 2 * time.Second}); err != nil {
		return err
	}
	measured := map[string]map[int]int64{}
	idle := map[string]int64{}
	counts := []int{1000, 5000}
	for _, t := range []target{floor, t} {
		// A first stream brings in the parts of the program that all of them need.
		if err := b.holdStreams(t, 1, true); err != nil {
			return fmt.Errorf("hold a stream on %s: %w", t.name, err)
		}
		if err := b.letGo(); err != nil {
			return err
		}
		u, err := usageOf(t.pid)
		if err != nil {
			return err
		}
		idle[t.name], measured[t.name] = u.RSS, map[int]int64{}
		for i, n := range counts {
			b.progress(fmt.Sprintf("%d streams held, %s", n, t.name))
			more := n
			if i > 0 {
				more -= counts[i-1]
			}
			if err := b.holdStreams(t, more, true); err != nil {
				return fmt.Errorf("hold %d streams on %s: %w", n, t.name, err)
			}
			time.Sleep(2 * time.Second)
			u, err := usageOf(t.pid)
			if err != nil {
				return err
			}
			measured[t.name][n] = u.RSS
		}
		if err := b.letGo(); err != nil {
			return err
		}
	}
	per := func(name string, n int) float64 { return float64(measured[name][n]-idle[name]) / 1024 / float64(n) }
	for _, n := range counts {
		b.report.add(line{Goal: 13, Measure: fmt.Sprintf("KB a held stream, %d held, none refused", n), Floor: fmt.Sprintf("%.0f KB", per(floorName, n)),
			Measured: fmt.Sprintf("%.0f KB", per(fullLog, n)), Commit: "≤ 64 KB", OK: per(fullLog, n) <= 64})
	}
	b.report.add(line{Goal: 13, Measure: "RSS with 5000 held", Floor: megabytes(measured[floorName][5000]), Measured: megabytes(measured[fullLog][5000]),
		Commit: "≤ 360 MB", OK: measured[fullLog][5000] <= 360<<20})
	return nil
}

// holdStreams opens more streams and waits until all of them have reached the mock.
func (b *bench) holdStreams(t target, n int, await bool) error {
	before, err := b.open()
	if err != nil {
		return err
	}
	j := usual(hold, n)
	j.Addr, j.Path, j.Await = t.addr, t.prefix+j.Dialect, await
	if _, err := b.load.do(j); err != nil {
		return err
	}
	return b.awaitOpen(before + int64(n))
}

// letGo ends all streams that are held and waits until the mock has none.
func (b *bench) letGo() error {
	if _, err := b.load.do(job{Do: release}); err != nil {
		return err
	}
	return b.awaitOpen(0)
}

func (b *bench) open() (int64, error) {
	var s stats
	if err := b.mock.get("/stats", &s); err != nil {
		return 0, fmt.Errorf("ask the mock: %w", err)
	}
	return s.Open, nil
}

// awaitOpen waits until the mock has exactly n streams open.
func (b *bench) awaitOpen(n int64) error {
	var open int64
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if open, err = b.open(); err != nil {
			return err
		}
		if open == n {
			return nil
		}
	}
	return fmt.Errorf("the mock has %d streams open after 20 s where %d were due", open, n)
}

// saturated is the memory of a process that gets more than it can log: 64 KB bodies, as fast as they go.
func (b *bench) saturated() error {
	gate, err := b.startOne(true)
	if err != nil {
		return err
	}
	defer gate.stop()
	length := 6 * time.Second
	if b.quick {
		length = 3 * time.Second
	}
	var tops [2]int64
	for i, t := range []target{b.target(floorName, ""), {fullLog, gate, openAI}} {
		b.progress("64 KB bodies at saturation, " + t.name)
		j := usual(closedLoop, 32)
		j.Size, j.Duration, j.Addr, j.Path = 64<<10, length, t.addr, t.prefix+j.Dialect
		quit, top := make(chan struct{}), make(chan int64)
		go highest(t.pid, quit, top)
		_, err := b.load.do(j)
		close(quit)
		tops[i] = <-top
		if err != nil {
			return err
		}
	}
	b.report.add(line{Goal: 14, Measure: "RSS at saturation, 64 KB bodies, full log", Floor: megabytes(tops[0]), Measured: megabytes(tops[1]),
		Commit: "≤ 200 MB", OK: tops[1] <= 200<<20})
	return nil
}

// highest sends the greatest RSS that a process had until quit.
func highest(pid int, quit <-chan struct{}, top chan<- int64) {
	var most int64
	for {
		if u, err := usageOf(pid); err == nil {
			most = max(most, u.RSS)
		}
		select {
		case <-quit:
			top <- most
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/(1<<20)) }
