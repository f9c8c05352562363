package admin

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/filter"
	"heimdall/providers/llm"
)

func TestRecalculation(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	const at = "/api/logs/recalculate-cost"
	if s := do[Recalculated](w, "GET", at+"/status", ""); s.Status != "idle" {
		t.Errorf("at first: %+v", s)
	}
	r := do[Recalculated](w, "POST", at, `{"filters":{"models":["a","b"],"min_cost":0.5,"roots_only":true,"filter":"app:codex","start_time":"2026-11-01T00:00:00Z"},"limit":10}`)
	if r.Status != "done" || r.TotalMatched != 3 || r.Updated != 2 || r.StartedAt == nil || r.EndedAt == nil {
		t.Errorf("done: %+v", r)
	}
	if diff := cmp.Diff(r, do[Recalculated](w, "GET", at+"/status", "")); diff != "" {
		t.Error(diff)
	}
	got := w.recalculation
	if want := "model=a,b cost>=0.5 " + filter.Print(filter.Negate(filter.Known(filter.Parent))) + " app:codex"; filter.Print(got.Where) != want || got.Limit != 10 {
		t.Errorf("%s, %d", filter.Print(got.Where), got.Limit)
	}
	if !got.Since.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("since %v", got.Since)
	}
	for body, param := range map[string]string{
		`{"limit":-1}`: "limit", `{"filters":{"model":"a"}}`: "filters.model", `{"filters":{"models":[1]}}`: "filters.models", `{"filters":{"models":{}}}`: "filters.models",
		`{"filters":{"filter":"cost>"}}`: "filters.filter", `{"filter":"x"}`: "filter",
	} {
		w.fail("POST", at, body, 400, param)
	}
	w.fail("POST", at+"/cancel", "", 409, "")

	// One at a time, and it can be stopped.
	begun := make(chan struct{})
	w.Admin.Recalculate = func(ctx context.Context, _ Recalculation) (Recalculated, error) {
		close(begun)
		<-ctx.Done()
		return Recalculated{TotalMatched: 5, Updated: 1}, ctx.Err()
	}
	answered := make(chan Recalculated)
	go func() { answered <- do[Recalculated](w, "POST", at, "") }()
	<-begun
	if s := do[Recalculated](w, "GET", at+"/status", ""); s.Status != "running" || s.EndedAt != nil {
		t.Errorf("running: %+v", s)
	}
	w.fail("POST", at, "", 409, "")
	if s := do[Recalculated](w, "POST", at+"/cancel", ""); s.Status != "cancelled" || s.Updated != 1 {
		t.Errorf("cancelled: %+v", s)
	}
	if s := <-answered; s.Status != "cancelled" {
		t.Errorf("its start answers %+v", s)
	}

	// Who leaves before the end stops nothing.
	gone, leave := context.WithCancel(t.Context())
	end := make(chan struct{})
	w.Admin.Recalculate = func(ctx context.Context, _ Recalculation) (Recalculated, error) {
		leave()
		<-end
		return Recalculated{}, ctx.Err()
	}
	if r, err := w.send(gone, "POST", at, "", fields{}); err != nil || r.Status != 202 {
		t.Errorf("%v, %v", r, err)
	}
	close(end)
	<-w.repricing.done
	if s := do[Recalculated](w, "GET", at+"/status", ""); s.Status != "done" {
		t.Errorf("at its end: %+v", s)
	}

	w.Admin.Recalculate = func(context.Context, Recalculation) (Recalculated, error) {
		return Recalculated{}, errors.New("no log")
	}
	if _, err := w.send(t.Context(), "POST", at, "", fields{}); llm.AsError(err).Status != 500 {
		t.Errorf("failed: %v", err)
	}
	if s := do[Recalculated](w, "GET", at+"/status", ""); s.Status != "failed" || s.Error != "no log" {
		t.Errorf("failed: %+v", s)
	}
}
