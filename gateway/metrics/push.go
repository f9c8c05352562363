package metrics

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

// pushTimeout bounds one push.
const pushTimeout = 10 * time.Second

// Run pushes the metrics to the push gateway that the configuration names, until ctx ends. A gateway that does not answer
// is logged once, and again when it answers.
func (m *Metrics) Run(ctx context.Context) {
	var failing bool
	for {
		to := m.config.Load().Push
		var due <-chan time.Time
		if to.Enabled {
			due = time.After(to.Interval)
		}
		select {
		case <-ctx.Done():
			return
		case <-m.changed:
			failing = false
			continue
		case <-due:
		}
		err := m.push(ctx, to)
		if ctx.Err() != nil {
			return
		}
		if (err != nil) != failing {
			failing = err != nil
			m.report(to, err)
		}
	}
}

func (m *Metrics) report(to Push, err error) {
	if err != nil {
		m.opts.Log.Warn("the metrics could not be pushed; trying on", "job", to.Job, "error", err)
		return
	}
	m.opts.Log.Info("the metrics are pushed again", "job", to.Job)
}

// push sends what was counted so far, in the place of what was sent before.
func (m *Metrics) push(ctx context.Context, to Push) error {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	for _, text := range [...]*string{&to.URL, &to.Username, &to.Password} {
		value, err := m.opts.Resolve(*text)
		if err != nil {
			return err
		}
		*text = value
	}
	if err := checkURL(to.URL); err != nil {
		return fmt.Errorf("push_gateway_url %w", err)
	}
	if to.Instance == "" {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("this machine has no name; set instance_id: %w", err)
		}
		to.Instance = host
	}
	p := push.New(to.URL, to.Job).Grouping("instance", to.Instance).Client(m.client).
		Gatherer(prometheus.Gatherers{m.current.Load().registry, m.fixed.registry})
	if to.Username != "" {
		p = p.BasicAuth(to.Username, to.Password)
	}
	return p.PushContext(ctx)
}
