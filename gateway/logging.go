package gateway

import (
	"context"
	"time"

	"heimdall/gateway/admin"
	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/gateway/transcript"
)

// openLogs opens the request log and starts what writes, indexes and prunes it. A log that can't be opened stops nothing:
// it is opened again and again, and the page says why.
func (g *Gateway) openLogs(ctx context.Context) {
	keeper := observe.NewKeeper(ctx, g.logStore())
	g.closers = append(g.closers, func(context.Context) error { return keeper.Close() })
	g.logs = keeper
	texts := transcript.Reader{Dialect: g.dialect}
	g.writer = observe.NewWriter(observe.WriterOptions{
		Store: keeper, Log: g.opts.Log, Prepare: preparation{texts, observe.NewChain(), g.hub.Completed}.complete,
		OnState: func(err error) { g.logFailing.Store(&err) },
		OnDrop:  func(rows, bodies int64) { g.hub.Dropped(admin.Dropped{Rows: rows, Bodies: bodies}) },
	})
	g.closers = append(g.closers, g.writer.Close)
	g.reader = observe.NewReader(g.writer, keeper)
	indexing := observe.NewIndexing(g.writer, keeper, texts.Text, g.opts.Log)
	g.reader.IndexBy(indexing)
	pruner := &observe.Pruner{Store: keeper, Retention: g.retention, Log: g.opts.Log}
	g.spawn(indexing.Run)
	g.spawn(pruner.Run)
}

// preparation completes records before they are stored: what is too slow for the exchange itself, and what must not be
// kept.
type preparation struct {
	texts transcript.Reader
	chain *observe.Chain
	found func(*exchange.Record) // hears of records of which there is more to say now
}

func (p preparation) complete(r *exchange.Record) {
	r.Header, r.ResponseHeader = exchange.MaskHeader(r.Header), exchange.MaskHeader(r.ResponseHeader)
	if r.Status == exchange.StatusSuccess {
		r.Tools = p.texts.Calls(r)
	}
	if goesOn := p.chain.Continue(r); goesOn || len(r.Tools) > 0 || r.Process != nil && r.Process.Load() != nil {
		p.found(r)
	}
}

func (g *Gateway) retention() observe.Retention {
	const day = 24 * time.Hour
	s := g.manager.Snapshot()
	return observe.Retention{
		Age: time.Duration(s.Client.LogRetentionDays) * day, ErrorAge: time.Duration(max(s.Logs.ErrorDays, s.Client.LogRetentionDays)) * day,
		ContentAge: time.Duration(s.Logs.ContentDays) * day, MaxBytes: int64(s.Logs.MaxSizeMB) << 20,
	}
}

// logging is why nothing is logged now.
func (g *Gateway) logging() error {
	if err := g.logFailing.Load(); err != nil {
		return *err
	}
	return nil
}
