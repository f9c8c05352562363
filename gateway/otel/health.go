package otel

import (
	"log/slog"
	"sync"
)

// health is how it stands with one collector. It writes into the log when that changes.
type health struct {
	what      string // traces or metrics
	collector string
	log       *slog.Logger

	mu      sync.Mutex
	problem string
}

// maxProblem bounds what a collector's answer can put into the log.
const maxProblem = 300

func (h *health) note(err error) {
	now := ""
	if err != nil {
		if now = err.Error(); len(now) > maxProblem {
			now = now[:maxProblem] + "…"
		}
	}
	h.mu.Lock()
	was := h.problem
	h.problem = now
	h.mu.Unlock()
	switch {
	case was == "" && now != "":
		h.log.Warn("the collector does not take "+h.what+"; trying again", "collector", h.collector, "error", now)
	case was != "" && now == "":
		h.log.Info("the collector takes "+h.what+" again", "collector", h.collector)
	}
}

func (h *health) say() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.problem
}
