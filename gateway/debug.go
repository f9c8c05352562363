package gateway

import (
	"bytes"
	"context"
	"runtime/pprof"
	"strconv"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// debugRows are the doors for developers: the runtime's profiles, for the administrator only.
func debugRows() []exchange.Row {
	return []exchange.Row{
		{Method: "GET", Path: "/debug/pprof/{profile}", Guard: exchange.GuardControl, Handler: profile},
	}
}

// profile answers with one profile of the runtime in pprof's format: cpu (for ?seconds=, 10 if absent, at most 60),
// heap, goroutine, allocs, block, mutex, threadcreate.
func profile(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var out bytes.Buffer
	name := x.Params["profile"]
	if name == "cpu" {
		if err := profileCPU(ctx, &out, x.Query.Get("seconds")); err != nil {
			return nil, err
		}
	} else {
		p := pprof.Lookup(name)
		if p == nil {
			return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: 404, Type: "not_found", Message: "there is no such profile; try cpu, heap, goroutine or allocs"}
		}
		if err := p.WriteTo(&out, 0); err != nil {
			return nil, err
		}
	}
	return &exchange.Reply{Status: 200, ContentType: "application/octet-stream", Body: out.Bytes()}, nil
}

func profileCPU(ctx context.Context, out *bytes.Buffer, seconds string) error {
	n := 10
	if seconds != "" {
		var err error
		if n, err = strconv.Atoi(seconds); err != nil || n < 1 || n > 60 {
			return llm.Errorf(llm.KindInvalidRequest, "seconds must be a number from 1 to 60")
		}
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return llm.Errorf(llm.KindInvalidRequest, "a CPU profile is being taken already")
	}
	defer pprof.StopCPUProfile()
	timer := time.NewTimer(time.Duration(n) * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
