package exchange

import "heimdall/providers/llm"

// Row is one route: what is matched and everything the edge and the chain need to know of it. A row without a guard,
// or without a handler where Op is empty, does not start.
type Row struct {
	Method string // GET, POST, …
	Path   string // literal segments and {names}; a last {name...} takes the rest, and text may follow the brace of the last
	Guard  Guard

	// Op is set on inference rows: they run through the chain. Dialect is the client's, Provider the one that a bare
	// model name means ("" = find it), Decorate when extra_fields are added.
	// Stream says that the path itself asks for a streamed answer.
	// Plain is the dialect of clients that do not ask for a stream of events by ?alt=sse; "" = theirs is Dialect too.
	Op       llm.Op
	Stream   bool
	Plain    string
	Dialect  string
	Provider string
	Decorate Decoration

	// Handler answers the rows that are not inference.
	Handler Handler
}

// Guard says who may use a row.
type Guard string

const (
	// GuardPublic is open to everybody whose Host header is ours: the health check and the login.
	GuardPublic Guard = "public"
	// GuardUI is the page itself: static files without any data. Top-level navigations from anywhere may open it.
	GuardUI Guard = "ui"
	// GuardInference is for clients: Origin absent, ours, or one that the user allowed.
	GuardInference Guard = "inference"
	// GuardHolder is for whoever has a virtual key, from where clients may call; the handler looks for the key.
	GuardHolder Guard = "holder"
	// GuardManage is for the administrator: Origin absent or ours.
	GuardManage Guard = "manage"
	// GuardSocket is GuardManage for websockets: a one-time ticket in the query is proof, too, since pages can't send a
	// header with them.
	GuardSocket Guard = "socket"
	// GuardControl is GuardManage, and always needs proof of the administrator, also without a password set.
	GuardControl Guard = "control"
)

// Decoration says when an answer carries extra_fields.
type Decoration int

const (
	DecorateNever Decoration = iota
	DecorateAlways
	// DecorateOnDemand adds them when the request has an x-bf-* header or the gateway itself made the body.
	DecorateOnDemand
)
