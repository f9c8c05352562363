package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Kinds of job.
const (
	closedLoop = "closed"  // Conns connections, each sends as soon as it has its answer
	openLoop   = "open"    // Poisson arrivals at Rate, times taken from when a request was due
	streaming  = "stream"  // Conns streams at once, again and again
	hold       = "hold"    // open Conns streams and keep them
	release    = "release" // hang up on all that are held
)

// job is one slice of work for the load generator.
type job struct {
	Do       string
	Addr     string
	Path     string // posted to
	Dialect  string // chatPath or messagesPath: what the body is
	Model    string
	Conns    int
	Duration time.Duration
	Rate     float64
	Seed     uint64
	Size     int  // bytes of the request
	Answer   int  // bytes of text that must come back
	Chunks   int  // that must come back
	Await    bool // hold: until each answer began
}

// result of a job. Times are µs; those of streams are times to the first chunk.
type result struct {
	Requests int // all that were answered, those included that only warmed a new connection
	Errors   int
	First    string  // error
	Rate     float64 // a second; of an open loop: what was offered, less if the last answers came late
	P50      float64
	P99      float64
	Chunks   int
	Delay    float64 // median from mock to client of a chunk
}

// serveLoad works jobs off, one JSON line each, and answers with lines.
func serveLoad(in io.Reader, out io.Writer) error {
	jobs, results := json.NewDecoder(in), json.NewEncoder(out)
	var held []*client
	for {
		var j job
		if err := jobs.Decode(&j); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		var r result
		switch j.Do {
		case hold:
			held, r = j.hold(held)
		case release:
			for _, c := range held {
				c.close()
			}
			held = nil
		default:
			r = j.run()
		}
		if err := results.Encode(r); err != nil {
			return err
		}
	}
}

// tally gathers what the workers of a job saw.
type tally struct {
	mu       sync.Mutex
	requests int
	errors   int
	first    error
	times    []float64
	delays   []float64
}

func (t *tally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errors++
	if t.first == nil {
		t.first = err
	}
}

func (t *tally) add(requests int, times, delays []float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests += requests
	t.times = append(t.times, times...)
	t.delays = append(t.delays, delays...)
}

func (t *tally) result(elapsed time.Duration) result {
	slices.Sort(t.times)
	slices.Sort(t.delays)
	r := result{Requests: t.requests, Errors: t.errors, Chunks: len(t.delays), Rate: float64(len(t.times)) / elapsed.Seconds()}
	if t.first != nil {
		r.First = t.first.Error()
	}
	if len(t.times) > 0 {
		r.P50, r.P99 = quantile(t.times, 0.5), quantile(t.times, 0.99)
	}
	if len(t.delays) > 0 {
		r.Delay = quantile(t.delays, 0.5)
	}
	return r
}

// run connects, warms each connection with one request that is not timed, and runs the loop of the job's kind.
func (j job) run() result {
	var t tally
	clients := make([]*client, j.Conns)
	req := request(j.Path, requestBody(j.Dialect, j.Model, j.Do == streaming, j.Size), j.Do == streaming)
	text := []byte(answerText(j.Answer))
	for i := range clients {
		c, err := dial(j.Addr)
		if err == nil && j.Do != streaming {
			if err = c.plain(req, text); err == nil {
				t.add(1, nil, nil)
			}
		}
		if err != nil {
			t.fail(err)
			return t.result(time.Second)
		}
		defer c.close()
		clients[i] = c
	}
	var arrivals arrivals
	if j.Do == openLoop {
		arrivals.due = poisson(j.Seed, j.Rate, j.Duration)
	}
	var workers sync.WaitGroup
	start := time.Now()
	for _, c := range clients {
		c.conn.SetDeadline(start.Add(j.Duration + patience))
		workers.Go(func() {
			switch j.Do {
			case closedLoop:
				j.closed(&t, c, start, req, text)
			case openLoop:
				j.open(&t, c, start, &arrivals, req, text)
			case streaming:
				j.stream(&t, c, start, req)
			}
		})
	}
	workers.Wait()
	elapsed := time.Since(start)
	r := t.result(elapsed)
	if j.Do == openLoop { // the count of arrivals is itself a matter of chance
		r.Rate = j.Rate * min(1, j.Duration.Seconds()/elapsed.Seconds())
	}
	return r
}

// A worker ends with its first error: it fails the run anyway.

func (j job) closed(t *tally, c *client, start time.Time, req, text []byte) {
	var times []float64
	defer func() { t.add(len(times), times, nil) }()
	for before := time.Now(); before.Sub(start) < j.Duration; {
		if err := c.plain(req, text); err != nil {
			t.fail(err)
			return
		}
		after := time.Now()
		times = append(times, micros(after.Sub(before)))
		before = after
	}
}

// arrivals of an open loop: each worker takes the next one and waits until it is due.
type arrivals struct {
	due  []time.Duration
	next atomic.Int64
}

func poisson(seed uint64, rate float64, length time.Duration) []time.Duration {
	random := rand.New(rand.NewPCG(seed, 0))
	var due []time.Duration
	for at := 0.0; ; {
		at += random.ExpFloat64() / rate
		if at >= length.Seconds() {
			return due
		}
		due = append(due, time.Duration(at*float64(time.Second)))
	}
}

func (j job) open(t *tally, c *client, start time.Time, a *arrivals, req, text []byte) {
	var times []float64
	defer func() { t.add(len(times), times, nil) }()
	for {
		i := int(a.next.Add(1)) - 1
		if i >= len(a.due) {
			return
		}
		time.Sleep(time.Until(start.Add(a.due[i])))
		if err := c.plain(req, text); err != nil {
			t.fail(err)
			return
		}
		times = append(times, micros(time.Since(start)-a.due[i]))
	}
}

func (j job) stream(t *tally, c *client, start time.Time, req []byte) {
	var firsts, delays []float64
	defer func() { t.add(len(firsts), firsts, delays) }()
	for time.Since(start) < j.Duration {
		sent := time.Now()
		err := c.stream(req, j.Chunks, func(number int, stamp int64) {
			now := time.Now()
			if number == 0 {
				firsts = append(firsts, micros(now.Sub(sent)))
			}
			delays = append(delays, micros(time.Duration(now.UnixNano()-stamp)))
		})
		if err != nil {
			t.fail(err)
			return
		}
	}
}

// hold opens streams, some at a time, and keeps them beside those that are held already.
func (j job) hold(held []*client) ([]*client, result) {
	var t tally
	var mu sync.Mutex
	var workers sync.WaitGroup
	req := request(j.Path, requestBody(j.Dialect, j.Model, true, j.Size), true)
	var next atomic.Int64
	start := time.Now()
	for range 64 {
		workers.Go(func() {
			for int(next.Add(1)) <= j.Conns {
				c, err := dial(j.Addr)
				if err != nil {
					t.fail(fmt.Errorf("connect: %w", err))
					continue
				}
				if err := c.open(req, j.Await); err != nil {
					t.fail(err)
					c.close()
					continue
				}
				t.add(1, nil, nil)
				mu.Lock()
				held = append(held, c)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return held, t.result(time.Since(start))
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
