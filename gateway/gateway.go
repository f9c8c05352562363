package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"heimdall/gateway/admin"
	"heimdall/gateway/cassette"
	"heimdall/gateway/compat"
	"heimdall/gateway/config"
	"heimdall/gateway/edge"
	"heimdall/gateway/exchange"
	"heimdall/gateway/govern"
	"heimdall/gateway/metrics"
	"heimdall/gateway/observe"
	"heimdall/gateway/otel"
	"heimdall/gateway/peer"
	"heimdall/gateway/route"
	"heimdall/providers"
	"heimdall/providers/all"
	"heimdall/providers/dialect"
)

// quitGrace is how long what is in flight may go on when the process ends.
const quitGrace = 5 * time.Second

// Gateway is the whole gateway: configuration, chain, stores and listeners.
type Gateway struct {
	opts     Options
	kinds    map[string]providers.Provider // built-in providers by name
	list     []providers.Provider
	dialects map[string]dialect.Dialect

	manager  *config.Manager
	shapes   *compat.Decoder
	admin    *admin.Admin
	hub      *admin.Hub
	catalog  *route.Catalog
	health   *route.Health
	sessions *route.Sessions
	upstream *upstreams

	governance governance
	prices     atomic.Pointer[prices]
	policy     atomic.Pointer[govern.Policy]

	logs        *observe.Keeper
	logDatabase *config.Database // keeps the log; nil = a file does
	writer      *observe.Writer
	reader      *observe.Reader
	metrics     *metrics.Metrics
	traces      *otel.Exporter

	tracesFailing atomic.Pointer[error] // why the plugin otel can't be used; nil = it can

	ids        callerIDs
	logFailing atomic.Pointer[error]
	tracer     atomic.Pointer[tracer]
	refusals   refusals
	router     atomic.Pointer[route.Router]
	player     *cassette.Player // answers in the place of the router; nil = none plays
	chain      atomic.Pointer[exchange.Handler]

	port    *listener
	peers   *peer.Finder
	control control
	failed  chan error

	background context.Context
	closers    []func(context.Context) error // run backwards
	wg         sync.WaitGroup
}

// New opens the stores and loads the configuration. Nothing listens yet.
func New(o Options) (_ *Gateway, err error) {
	g := &Gateway{opts: o, kinds: map[string]providers.Provider{}, list: o.Providers, dialects: all.Dialects(), hub: admin.NewHub(), failed: make(chan error, 1),
		refusals: refusals{now: time.Now}}
	if g.list == nil {
		g.list = all.List()
	}
	for _, p := range g.list {
		g.kinds[p.Info().Name] = p
	}
	background, cancel := context.WithCancel(context.Background())
	g.background = background
	tuneMemory(background, o.Env)
	g.closers = append(g.closers, func(context.Context) error { cancel(); g.wg.Wait(); return nil })
	defer func() {
		if err != nil {
			_ = g.Close(context.Background())
		}
	}()
	g.catalog = route.NewCatalog(time.Now, g.dialects["chat"].Client.DecodeError)
	g.health, g.sessions = route.NewHealth(time.Now, nil), route.NewSessions(time.Now)
	g.peers = peer.New(peer.Options{})
	g.upstream = newUpstreams(o.Env, o.Cassette.Dir != "")
	g.closers = append(g.closers, func(context.Context) error { g.upstream.close(); return nil })
	if err := g.openCassette(); err != nil {
		return nil, err
	}
	if g.metrics, err = g.newMetrics(); err != nil {
		return nil, err
	}
	g.traces = g.newTraces()
	if err := g.openConfig(background); err != nil {
		return nil, err
	}
	g.openLogs(background)
	g.useChain(g.manager.Snapshot())
	g.port = g.newPort()
	g.admin = admin.New(admin.Options{
		Config: g.manager, Shapes: g.shapes, Logs: g.reader, Hub: g.hub, Gateway: g.port,
		Kinds: kindsShown(g.list), Models: g.models, Refresh: g.refresh, Health: g.keyHealth, Call: g.testCall, Dialects: g.dialect,
		Burn: g.burn, Prices: g.listPrices, Recalculate: g.recalculate, LogState: g.logState,
		Spending: spending{g}, Holder: g.holder, Simulate: g.simulate, Breakers: g.breakers, Replay: g.replay, PluginProblem: g.pluginProblem,
		Version: o.Version, AppDir: o.AppDir, Keychain: o.Keychain, KeychainDetail: o.KeychainDetail, Desktop: o.Desktop,
		ControlToken: controlToken(o.Desktop),
	})
	g.manager.Subscribe(g.moved)
	g.spawn(g.manager.Run)
	g.spawn(g.metrics.Run)
	g.spawn(g.peers.Run)
	g.spawn(g.showSpending)
	g.spawn(g.sweepKeys)
	return g, nil
}

func (g *Gateway) spawn(f func(context.Context)) {
	g.wg.Go(func() { f(g.background) })
}

// openConfig opens the configuration and loads what is stored, in the file and in the environment.
func (g *Gateway) openConfig(ctx context.Context) error {
	kinds := kindInfos(g.list)
	g.shapes = compat.NewDecoder(kinds, g.opts.Env)
	file, err := g.readFile()
	if err != nil {
		return err
	}
	store, err := g.openConfigStore(ctx, file)
	if err != nil {
		return err
	}
	if err := g.openGovernance(ctx, store.Usage()); err != nil {
		return err
	}
	fixed := g.opts.Fixed
	fixed.AdminUsername, fixed.AdminPassword = g.opts.Env("HEIMDALL_ADMIN_USERNAME"), g.opts.Env("HEIMDALL_ADMIN_PASSWORD")
	g.manager = config.NewManager(config.ManagerOptions{Store: store, Secrets: g.opts.Secrets, Env: g.opts.Env, Kinds: kinds, Fixed: fixed})
	g.manager.OnSwap(g.prepare)
	if err := g.manager.Load(ctx, file); err != nil {
		return err
	}
	for _, p := range g.manager.Snapshot().Problems {
		g.opts.Log.Warn(p.Message, "setting", p.Path)
	}
	return nil
}

// readFile parses the configuration file, if there is one. One that was named must be there.
func (g *Gateway) readFile() (*config.File, error) {
	path := g.opts.ConfigFile
	if path == "" {
		path = filepath.Join(g.opts.AppDir, "config.json")
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && g.opts.ConfigFile == "" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration file: %w", err)
	}
	file, err := g.shapes.ParseFile(data, g.opts.AppDir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

func (g *Gateway) dialect(name string) (dialect.Dialect, bool) {
	d, ok := g.dialects[name]
	return d, ok
}

// prepare builds the router of a new configuration; commit puts it and its chain to use. What is in flight keeps the
// one it started with.
func (g *Gateway) prepare(s *config.Snapshot) (commit func(), err error) {
	list, err := g.upstream.providers(s, g.kinds)
	if err != nil {
		return nil, err
	}
	prices, err := newPrices(s, g.kinds)
	if err != nil {
		return nil, err
	}
	policy, err := g.newPolicy(s, prices)
	if err != nil {
		return nil, err
	}
	count, err := g.prepareMetrics(s)
	if err != nil {
		return nil, err
	}
	trace := g.prepareTraces(s)
	router := g.newRouter(s, list, prices, policy)
	return func() {
		count()
		trace()
		g.forgetChanged(g.router.Load(), router)
		g.router.Store(router)
		g.prices.Store(prices)
		g.policy.Store(policy)
		g.governance.pause.Set(govern.Pause(s.Pause))
		if g.writer != nil {
			g.useChain(s)
		}
	}, nil
}

// useChain assembles the chain for a snapshot.
func (g *Gateway) useChain(s *config.Snapshot) {
	observers := exchange.Observers{g.hub}
	if s.Client.EnableLogging {
		observers = append(observers, g.writer)
	}
	if g.metrics.Counts() {
		observers = append(observers, g.metrics)
	}
	if g.traces.Active() {
		observers = append(observers, g.traces)
	}
	t := &tracer{observers: observers, log: g.opts.Log, ids: &g.ids, spent: g.spent, bodies: int64(bodyCap(s)), version: s.Version, tracing: g.traces.Active(), apps: (&apps{given: s.App}).name,
		noBodies: s.Client.DisableContentLogging, override: s.Client.AllowStorageOverride, metadata: s.Client.LoggingHeaders}
	render := func(x *exchange.Exchange, err error) *exchange.Reply { return errorReply(g.dialect, x.Row, "", x, err) }
	g.tracer.Store(t)
	h := exchange.Chain(g.end(), t.close, compat.Decorate(render, g.costOf), t.open, g.policy.Load().Wrap, exchange.Lapped(exchange.PhaseIdentify))
	g.chain.Store(&h)
}

// bodyCap is how many bytes of each body the log keeps, and traces tell. Where it keeps none by itself, a virtual key or a
// caller may still say that it does.
func bodyCap(s *config.Snapshot) int {
	wanted := func(k *config.VirtualKey) bool { return k.DisableContentLogging != nil && !*k.DisableContentLogging }
	otel := s.Plugin("otel")
	if !s.Client.EnableLogging && (otel == nil || !otel.Enabled) || s.Client.DisableContentLogging && !s.Client.AllowStorageOverride && !slices.ContainsFunc(s.VirtualKeys, wanted) {
		return 0
	}
	return s.Logs.BodyCapKB << 10
}

// moved opens the gateway's port anew where its address has changed. A headless gateway would cut off the very call
// that changed it, so there the new address counts from the next start.
func (g *Gateway) moved(*config.Snapshot) {
	if g.opts.Desktop {
		go func() {
			if err := g.port.Move(g.background); err != nil {
				g.opts.Log.Error("the gateway could not move to its new address", "error", err)
			}
		}()
	}
}

// Start opens the control listener, and the gateway's port unless it was last left stopped. In the desktop a port that
// can't be opened is a state to show; headless it is an error.
func (g *Gateway) Start(ctx context.Context) error {
	if g.opts.Desktop {
		if err := g.startControl(); err != nil {
			return err
		}
		if g.manager.Snapshot().Settings.Stopped {
			return nil
		}
	}
	err := g.port.Start(ctx)
	if err != nil && g.opts.Desktop {
		g.opts.Log.Error("the gateway could not start", "error", err)
		return nil
	}
	return err
}

// Address is the base URL that clients use.
func (g *Gateway) Address() string { return g.port.State().Address }

// Failed tells of a listener that died.
func (g *Gateway) Failed() <-chan error { return g.failed }

// WindowIdle is how long a hidden window stays loaded.
func (g *Gateway) WindowIdle() time.Duration {
	return time.Duration(g.manager.Snapshot().Settings.WindowIdleMinutes) * time.Minute
}

// Close stops the listeners, lets what is in flight end, writes the log and closes the stores.
func (g *Gateway) Close(ctx context.Context) error {
	var errs []error
	g.hub.Close() // a page that listens would be waited for
	if g.port != nil {
		errs = append(errs, g.port.stop(quitGrace))
	}
	if g.control.server != nil {
		errs = append(errs, g.control.server.Shutdown(quitGrace))
	}
	for i := len(g.closers) - 1; i >= 0; i-- {
		errs = append(errs, g.closers[i](ctx))
	}
	g.closers = nil
	return errors.Join(errs...)
}

func (g *Gateway) newPort() *listener {
	return &listener{
		desktop: g.opts.Desktop, failed: g.failed, listenFn: net.Listen, publish: g.hub.Gateway,
		address: func() (string, int) {
			s := g.manager.Snapshot().Settings
			return s.Host, s.Port
		},
		allowed: g.mayListen,
		build:   func() (*edge.Server, error) { return g.server(g.gatewayRows(), false) },
	}
}

// mayListen refuses to open the gateway to the network without a password.
func (g *Gateway) mayListen(host string) error {
	if loopback(host) || g.manager.Snapshot().Auth.Enabled {
		return nil
	}
	return fmt.Errorf("to listen on %s, which other machines can reach, set an administrator password first (Settings, auth_config in the file, or HEIMDALL_ADMIN_PASSWORD)", host)
}

// server makes a server of rows.
func (g *Gateway) server(rows []exchange.Row, control bool) (*edge.Server, error) {
	return edge.New(edge.Options{
		Rows:      rows,
		Policy:    &policy{snapshot: g.manager.Snapshot, admin: g.admin, control: control},
		Inference: func() exchange.Handler { return *g.chain.Load() },
		Dialect:   g.dialect,
		KeepAlive: func() time.Duration { return g.manager.Snapshot().Client.StreamKeepAlive },
		MaxBody:   func() int { return g.manager.Snapshot().Client.MaxBodyMB << 20 },
		RenderError: func(row *exchange.Row, path string, err error) *exchange.Reply {
			return errorReply(g.dialect, row, path, nil, err)
		},
		Refused: g.refused,
		Measure: g.measured,
		Process: g.peers.Of,
		Log:     g.opts.Log,
	})
}

func (g *Gateway) gatewayRows() []exchange.Row {
	rows := append(g.inferenceRows(), g.admin.Rows()...)
	rows = append(rows, health(g.logging), g.metricsRow())
	rows = append(rows, debugRows()...)
	return append(rows, page{g.opts.UI}.rows()...)
}
