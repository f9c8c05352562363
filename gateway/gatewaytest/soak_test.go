package gatewaytest

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// soakFor is the environment variable that makes the soak as long as it says, such as 30m.
const soakFor = "HEIMDALL_SOAK"

// soakRequests is how many requests the soak sends where nobody says how long it takes.
const soakRequests = 2400

// TestSoak: a gateway under load tells every page that listens everything, loses no row, does not wait for a page that
// reads nothing, and holds in the end what it held at the beginning.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	g := Start(t, Options{Script: soakScript})
	s := &soak{g: g, t: t, address: "ws" + strings.TrimPrefix(g.URL, "http") + "/ws", states: map[string]string{}}
	var wg sync.WaitGroup
	watch := s.dial()
	wg.Go(func() { s.watch(watch) })
	s.greet()
	deaf := s.dial() // reads nothing, and is cut off sooner or later
	s.load(400)
	s.settle()
	goroutines, heap := runtime.NumGoroutine(), liveHeap()
	if long, err := time.ParseDuration(os.Getenv(soakFor)); err == nil {
		for until := time.Now().Add(long); time.Now().Before(until); {
			s.load(soakRequests)
			s.comeAndGo()
			s.settle()
			s.forget()
			t.Logf("%d requests, %d goroutines, %d KB", s.sent.Load(), runtime.NumGoroutine(), liveHeap()>>10)
		}
	} else {
		s.load(soakRequests)
		s.comeAndGo()
	}
	s.settle()
	s.forget()
	if n := runtime.NumGoroutine(); n > goroutines+20 {
		t.Errorf("%d goroutines after %d", n, goroutines)
	}
	if now := liveHeap(); now > heap+16<<20 {
		t.Errorf("%d MB are held after %d", now>>20, heap>>20)
	}
	var l admin.Logs
	g.JSON("GET", "/api/logs?limit=1", "", &l)
	if want := s.sent.Load() + s.greetings; int64(l.Stats.TotalRequests) != want {
		t.Errorf("the log has %d rows of %d", l.Stats.TotalRequests, want)
	}
	var lost struct {
		Dropped int64 `json:"dropped_requests"`
	}
	g.JSON("GET", "/api/logs/dropped", "", &lost)
	if lost.Dropped != 0 {
		t.Errorf("the log lost %d rows", lost.Dropped)
	}
	deaf.Close()
	watch.Close()
	wg.Wait()
}

// soakScript answers in all ways that there are.
func soakScript(r *transport.Request) fake.Reply {
	switch {
	case strings.Contains(string(r.Body), "gpt-broken"):
		return refuses(400, `{"error":{"message":"no","type":"invalid_request_error"}}`)
	case r.Stream:
		return streams(join(chatFrames, usageChunk, "[DONE]"))
	}
	return answers(chatAnswer)
}

// soak is a load and who watches it.
type soak struct {
	g       *Gateway
	t       *testing.T
	address string
	sent    atomic.Int64

	greetings int64

	mu     sync.Mutex
	heard  bool              // the watcher hears something
	states map[string]string // of each row, as the watcher heard them
	past   string            // the latest row that is forgotten; rows' IDs are in the order of their time
	over   int               // rows that it knows the end of
}

func (s *soak) dial() *websocket.Conn {
	c, _, err := websocket.DefaultDialer.Dial(s.address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

const greeting = "greeting"

// greet sends requests until the watcher hears of one: a page that has its websocket may not be listed yet.
func (s *soak) greet() {
	Eventually(s.t, "the page hears of a request", func() bool {
		s.greetings++
		s.g.Do("POST", "/openai/chat/completions", chatRequest, "X-Request-Id", greeting)
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.heard
	})
}

// load sends n requests from four clients.
func (s *soak) load(n int) {
	var wg sync.WaitGroup
	for client := range 4 {
		wg.Go(func() {
			for i := client; i < n; i += 4 {
				path, body, want := "/openai/chat/completions", chatRequest, 200
				switch i % 12 {
				case 3:
					body = chatStreamAsked
				case 7:
					body, want = strings.Replace(chatRequest, "gpt-4o-mini", "gpt-broken", 1), 400
				case 11:
					path = "/anthropic/v1/messages"
					body = `{"model":"openai/gpt-4o-mini","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`
				}
				if a := s.g.Do("POST", path, body); a.Status != want || a.Broken != nil {
					s.t.Errorf("%s: %d %v %s", path, a.Status, a.Broken, a.Body)
				}
				s.sent.Add(1)
			}
		})
	}
	wg.Wait()
}

// comeAndGo opens pages and leaves them, some in the middle of a frame.
func (s *soak) comeAndGo() {
	var all []*websocket.Conn
	for range 20 {
		all = append(all, s.dial())
	}
	s.load(40)
	for i, c := range all {
		if i%2 == 0 {
			_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(Patience))
		}
		c.Close()
	}
}

// watch hears everything, and that each row begins before it ends and ends well or badly.
func (s *soak) watch(c *websocket.Conn) {
	for {
		var f struct {
			Operation string
			Payload   struct{ ID, Status string }
		}
		if c.ReadJSON(&f) != nil {
			return
		}
		s.hear(f.Operation, f.Payload.ID, f.Payload.Status)
	}
}

func (s *soak) hear(operation, id, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard = true; strings.HasPrefix(id, greeting) || id <= s.past {
		return
	}
	old, known := s.states[id]
	if known != (operation == "update") {
		s.t.Errorf("%s: %s of what was %q", id, operation, old)
	}
	if old == "processing" && status != old {
		s.over++
	}
	s.states[id] = status
}

// settle waits until the watcher knows how every request ended, and the log has them.
func (s *soak) settle() {
	s.t.Helper()
	Eventually(s.t, "the page hears of every request", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return int64(s.over) == s.sent.Load()
	})
	s.g.Rows()
}

// forget forgets the rows that have ended, and what the upstream was asked, so that what is held is the gateway's.
func (s *soak) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.states {
		s.past = max(s.past, id)
	}
	clear(s.states)
	s.g.Upstream.Forget()
}

// liveHeap is how many bytes are reachable.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
