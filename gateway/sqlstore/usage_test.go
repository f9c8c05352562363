package sqlstore

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/govern"
	"heimdall/gateway/period"
	"heimdall/gateway/storetest"
	"heimdall/providers/llm"
)

func TestUsage(t *testing.T) {
	storetest.Usage(t, func(t *testing.T, dir string) govern.Store {
		return openConfig(t, filepath.Join(dir, "config.db")).Usage()
	})
}

// What a spender may use: calls that hold spendHold tokens and use fewer, many at a time.
const (
	spendMax   = 200_000_000
	spendHold  = 300
	spenders   = 32
	spendBlock = max(2*spendHold, spendMax/64)
)

// A process that spends is killed at any moment, many times. The next one knows of everything that was spent, and of
// little more.
func TestUsageSurvivesKill(t *testing.T) {
	if path := os.Getenv("HEIMDALL_TEST_SPENDER"); path != "" {
		spend(t, path)
		return
	}
	rounds := 25
	if testing.Short() {
		rounds = 3
	}
	path := filepath.Join(t.TempDir(), "config.db")
	known := usedAfter(t, path)
	for round := range rounds {
		spent, atMost := killSpender(t, path, 50+rand.IntN(1500))
		now := usedAfter(t, path)
		if low, high := known+spent, known+atMost+spendBlock; now < low || now > high {
			t.Fatalf("round %d: %d are known to be used; want from %d to %d", round, now, low, high)
		}
		known = now
	}
	if known == 0 {
		t.Error("nothing was spent")
	}
}

// killSpender runs a process that spends until it has told of a number of steps. It returns what was spent then at
// least, and at most.
func killSpender(t *testing.T, path string, steps int) (spent, atMost int64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestUsageSurvivesKill$")
	cmd.Env = append(os.Environ(), "HEIMDALL_TEST_SPENDER="+path)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inFlight := 0
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if n == steps {
			_ = cmd.Process.Kill()
		}
		if len(lines.Text()) < 2 {
			continue
		}
		amount, err := strconv.ParseInt(lines.Text()[1:], 10, 64)
		switch {
		case err != nil:
		case lines.Text()[0] == '+': // a call goes on, which will use that much
			inFlight++
			spent += amount
		case lines.Text()[0] == '-': // and has ended
			inFlight--
		}
	}
	_ = cmd.Wait()
	if spent == 0 {
		t.Fatalf("the spender told of nothing: %s", complaints.String())
	}
	// All may have held anew, twice, while the last mark was saved.
	return spent, spent + int64(inFlight+2*spenders)*spendHold
}

func usedAfter(t *testing.T, path string) int64 {
	t.Helper()
	c, err := OpenConfig(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	l, _ := spendingPolicy(t, c)
	return l.Tokens("rate").Used
}

func spendingPolicy(t *testing.T, c *Config) (*govern.Ledger, *govern.Policy) {
	t.Helper()
	l, err := govern.OpenLedger(t.Context(), govern.LedgerOptions{Store: c.Usage()})
	if err != nil {
		t.Fatal(err)
	}
	forever := period.Period{N: 100, Unit: 'Y'}
	p, err := govern.New(govern.Options{Ledger: l, Switch: govern.NewSwitch(govern.SwitchOptions{}), Keys: []govern.Key{{
		ID: "key", Active: true, AllProviders: true,
		Allowance: govern.Allowance{Rate: &govern.RateLimit{ID: "rate", Since: time.Unix(0, 0), Tokens: &govern.Quota{Max: spendMax, Every: forever}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return l, p
}

// spend makes calls until it is killed. It tells of each when it goes on, and when it has ended.
func spend(t *testing.T, path string) {
	_, p := spendingPolicy(t, openConfig(t, path))
	for range spenders {
		go func() {
			for {
				caller := p.Caller("key")
				hold, err := caller.Hold(exchange.Need{Provider: "p", Model: "m", Input: spendHold - 1, MaxOutput: 1})
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				used := rand.Int64N(spendHold) + 1
				fmt.Printf("+%d\n", used)
				hold.Settle(exchange.Spent{Usage: llm.Usage{Input: used}})
				fmt.Printf("-%d\n", used)
			}
		}()
	}
	select {}
}
