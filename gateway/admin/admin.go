package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/gateway/transcript"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Options is what the management API works on. Every field but Restart is needed.
type Options struct {
	Config   *config.Manager
	Shapes   Shapes
	Logs     LogReader
	Hub      *Hub
	Gateway  GatewayControl
	Kinds    []Kind
	Models   func(context.Context) []ModelEntry
	Refresh  func(ctx context.Context, provider, keyID string) error // keyID "" = all keys of the provider
	Health   func(provider, keyID string) (status, description string)
	Call     Caller
	Dialects func(name string) (dialect.Dialect, bool)
	Restart  func() RestartRequired // nil = a restart is never needed

	// Burn is what calls cost in the last minute and today, in US dollars, and how many calls of today have no known
	// price; nil = nobody counts.
	Burn func() (perMinute, today float64, unpriced int64)

	// Spending is what is used of budgets and limits; nil = nobody counts.
	Spending Spending
	// Holder finds the virtual key that a request has; nil = none has.
	Holder func(h exchange.Header) (keyID string, ok bool)
	Now    func() time.Time // nil = the clock

	// Prices are what models cost whose names match the query, "" = all, at a provider, "" = any: limit of them from offset.
	Prices func(query, provider string, limit, offset int) ModelPrices
	// LogState says how the log is.
	LogState func() LogState
	// Recalculate prices calls of the log again. It ends early when the context does.
	Recalculate func(context.Context, Recalculation) (Recalculated, error)

	// Replay sends a request of the log again, changed as the call says.
	Replay func(context.Context, *exchange.Record, Replay) (Replayed, error)

	// Simulate says what would happen to a request.
	Simulate func(context.Context, Simulation) (Simulated, error)
	// PluginProblem says why a plugin that is enabled does not do its work; "" = it does. nil = nobody knows.
	PluginProblem func(name string) string
	// Breakers are the circuit breakers now.
	Breakers func() Health

	Version        string
	AppDir         string
	Keychain       string
	KeychainDetail string
	Desktop        bool
	ControlToken   string // proves the administrator; "" = there is none
}

// LogReader is the request log. A search finds everything that has ended, just now included.
type LogReader interface {
	Search(ctx context.Context, q observe.Query) (observe.Page, error)
	Get(ctx context.Context, id string) (*exchange.Record, error)
	Delete(ctx context.Context, ids []string) error
	Stats(ctx context.Context, q observe.Query, b observe.Breakdown) ([]observe.Group, error)
	Size(ctx context.Context) (observe.Size, error)
}

// LogState is how the log is, beside what it takes.
type LogState struct {
	Type          string // sqlite or postgres
	Path          string // of its file; "" = it has none
	Problem       string // why nothing is written now, or what happened to the last file; "" = all is well
	DroppedRows   int64
	DroppedBodies int64
}

// Shapes reads the bodies that describe providers, keys and settings, in all their shapes. kind is the built-in provider
// that serves a provider: itself, or its base. Errors name the field; warnings name fields that have no effect.
type Shapes interface {
	CreateProvider(body []byte) (name string, e config.ProviderEdit, warnings []string, err error)
	EditProvider(kind string, body []byte) (e config.ProviderEdit, warnings []string, err error)
	Key(kind string, body []byte) (e config.KeyEdit, warnings []string, err error)
	Config(body []byte) (edit func(*config.Draft) error, warnings []string, err error)
	HolderShapes
	PriceShapes
	LimitShapes
	RuleShapes
	ComplexityShapes
	PluginShapes
}

// GatewayControl is the listener that clients use.
type GatewayControl interface {
	State() Gateway
	Start(context.Context) error
	Stop(context.Context) error
}

// Admin is the management API.
type Admin struct {
	Options
	sessions   *sessions
	transcript transcript.Reader
	facets     facets
	titles     titles
	repricing  repricing
}

// New makes the management API, and tells the hub of every new configuration.
func New(o Options) *Admin {
	a := &Admin{Options: o, sessions: newSessions(), transcript: transcript.Reader{Dialect: o.Dialects}}
	o.Config.Subscribe(func(s *config.Snapshot) { o.Hub.Config(s.Version) })
	return a
}

// Rows are all routes of the API.
func (a *Admin) Rows() []exchange.Row {
	rows := []exchange.Row{
		{Method: "POST", Path: "/api/session/login", Guard: exchange.GuardPublic, Handler: a.login},
		{Method: "POST", Path: "/api/session/logout", Guard: exchange.GuardPublic, Handler: a.logout},
		{Method: "POST", Path: "/api/session/exchange", Guard: exchange.GuardPublic, Handler: a.exchangeCode},
		{Method: "GET", Path: "/api/session/is-auth-enabled", Guard: exchange.GuardPublic, Handler: a.authState},
	}
	rows = append(rows, a.quotaRows()...)
	manage := func(method, path string, h exchange.Handler) {
		rows = append(rows, exchange.Row{Method: method, Path: path, Guard: exchange.GuardManage, Handler: h})
	}
	manage("GET", "/api/version", a.version)
	manage("GET", "/api/config", a.getConfig)
	manage("PUT", "/api/config", a.putConfig)
	manage("GET", "/api/gateway", a.getGateway)
	manage("POST", "/api/gateway/start", a.startGateway)
	manage("POST", "/api/gateway/stop", a.stopGateway)
	manage("POST", "/api/keychain/retry", a.retryKeychain)
	manage("GET", "/api/provider-kinds", a.kinds)
	manage("GET", "/api/providers", a.listProviders)
	manage("POST", "/api/providers", a.createProvider)
	manage("GET", "/api/providers/{provider}", a.getProvider)
	manage("PUT", "/api/providers/{provider}", a.putProvider)
	manage("DELETE", "/api/providers/{provider}", a.deleteProvider)
	manage("POST", "/api/providers/{provider}/refresh-models", a.refreshModels)
	manage("POST", "/api/providers/{provider}/test", a.testProvider)
	manage("GET", "/api/providers/{provider}/keys", a.listKeys)
	manage("POST", "/api/providers/{provider}/keys", a.createKey)
	manage("GET", "/api/providers/{provider}/keys/{key_id}", a.getKey)
	manage("PUT", "/api/providers/{provider}/keys/{key_id}", a.putKey)
	manage("DELETE", "/api/providers/{provider}/keys/{key_id}", a.deleteKey)
	manage("POST", "/api/providers/{provider}/keys/{key_id}/refresh-models", a.refreshModels)
	manage("GET", "/api/keys", a.flatKeys)
	manage("GET", "/api/models", a.models)
	a.keyRows(manage)
	a.ownerRows(manage)
	a.allowanceRows(manage)
	a.priceRows(manage)
	a.limitRows(manage)
	manage("GET", "/api/kill-switch", a.getKillSwitch)
	manage("PUT", "/api/kill-switch", a.putKillSwitch)
	a.ruleRows(manage)
	a.complexityRows(manage)
	a.pluginRows(manage)
	read := func(method, path string, h exchange.Handler) { manage(method, path, reading(h)) }
	a.logRows(read)
	a.replayRows(read)
	a.exportRows(read)
	a.metricRows(read)
	a.sessionRows(read)
	a.toolRows(manage)
	manage("GET", "/api/events", a.events)
	return append(rows, a.socketRows()...)
}

// reading says what is wrong where a handler finds the log closed.
func reading(h exchange.Handler) exchange.Handler {
	return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		reply, err := h(ctx, x)
		if errors.Is(err, observe.ErrUnavailable) {
			return nil, refuseWith(http.StatusServiceUnavailable, "%v; it is opened again and again", err)
		}
		return reply, err
	}
}

func answer(v any) (*exchange.Reply, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &exchange.Reply{Status: http.StatusOK, ContentType: "application/json", Body: body}, nil
}

// decode reads a small body strictly: an unknown field is an error that names it.
func decode(data []byte, to any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		data = []byte("{}")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil && d.More() {
		return refuse("body", "must be one JSON object")
	}
	if err == nil {
		return nil
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		field = strings.Trim(field, `"`)
		return refuse(field, "is no known field")
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return refuse(wrong.Field, "must be %s", inJSON(wrong.Type))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse("body", "is cut off JSON")
	}
	return refuse("body", "is no valid JSON object")
}

// inJSON says what a Go type is in JSON.
func inJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return inJSON(t.Elem())
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

func refuse(param, format string, args ...any) error {
	e := llm.Errorf(llm.KindInvalidRequest, param+": "+format, args...)
	e.Param = param
	return e
}

func refuseWith(status int, format string, args ...any) error {
	e := llm.Errorf(llm.KindInvalidRequest, format, args...)
	e.Status = status
	return e
}

func (a *Admin) version(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	return answer(a.Version)
}

func (a *Admin) kinds(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	return answer(Kinds{a.Kinds})
}

func (a *Admin) getGateway(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	return answer(a.Gateway.State())
}

func (a *Admin) startGateway(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
	return a.flip(ctx, a.Gateway.Start, false)
}

func (a *Admin) stopGateway(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
	return a.flip(ctx, a.Gateway.Stop, true)
}

// flip starts or stops the gateway, and remembers it for the next start of the program.
func (a *Admin) flip(ctx context.Context, do func(context.Context) error, stopped bool) (*exchange.Reply, error) {
	if !a.Gateway.State().Controllable {
		return nil, refuseWith(http.StatusConflict, "this gateway runs without a desktop; end its process to stop it")
	}
	if err := do(ctx); err != nil {
		return nil, err
	}
	err := a.Config.Update(ctx, func(d *config.Draft) error {
		d.Settings.Stopped = stopped
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a.Gateway.State())
}

func (a *Admin) retryKeychain(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
	owed, err := a.Config.Retry(ctx)
	if err != nil {
		return nil, err
	}
	if owed > 0 {
		return answer(Saved{Message: "the keychain still does not give all keys; unlock it and try again"})
	}
	return answer(Saved{Status: "success", Message: "all keys are there"})
}
