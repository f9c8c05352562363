package exchange

// Socket is a websocket of a client. What the client sends is thrown away, and one that sends much is hung up on.
type Socket interface {
	// Send sends a text, Ping asks the client's machine for a sign of life. Both fail where the client does not take them
	// within seconds; the socket is of no more use then.
	Send(text []byte) error
	Ping() error
	// Done is closed once the client has left, or the server is about to stop.
	Done() <-chan struct{}
}
