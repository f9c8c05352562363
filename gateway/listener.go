package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"heimdall/gateway/admin"
	"heimdall/gateway/edge"
	"heimdall/gateway/peer"
)

// stopGrace is how long what is in flight may go on after Stop.
const stopGrace = 10 * time.Second

const (
	stateStopped  = "stopped"
	stateStarting = "starting"
	stateRunning  = "running"
	stateStopping = "stopping"
	stateError    = "error"
)

// listener is the gateway's port: what Start opens and Stop closes. It is a state machine with one method per event.
type listener struct {
	build    func() (*edge.Server, error)
	address  func() (host string, port int)
	allowed  func(host string) error // whether the gateway may listen there
	publish  func(admin.Gateway)
	desktop  bool
	failed   chan<- error
	listenFn func(network, address string) (net.Listener, error)

	change sync.Mutex // held while a change is under way: one at a time
	mu     sync.Mutex // guards what follows
	state  admin.Gateway
	server *edge.Server
}

// State is what the listener does now.
func (l *listener) State() admin.Gateway {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.state
	if s.State == "" {
		s.State = stateStopped
	}
	if s.State != stateRunning && s.State != stateStopping {
		s.Address = baseURL(l.address())
	}
	s.Controllable = l.desktop
	return s
}

// Start opens the port. Starting what runs already is no error.
func (l *listener) Start(context.Context) error {
	l.change.Lock()
	defer l.change.Unlock()
	if l.State().State == stateRunning {
		return nil
	}
	host, port := l.address()
	l.to(admin.Gateway{State: stateStarting, Address: baseURL(host, port)}, nil)
	ln, server, err := l.open(host, port)
	if err != nil {
		l.to(admin.Gateway{State: stateError, Address: baseURL(host, port), Error: err.Error()}, nil)
		return err
	}
	now := time.Now()
	actual := ln.Addr().(*net.TCPAddr).Port
	l.to(admin.Gateway{State: stateRunning, Address: baseURL(host, actual), StartedAt: &now}, server)
	go l.serve(server, ln)
	return nil
}

func (l *listener) open(host string, port int) (net.Listener, *edge.Server, error) {
	if err := l.allowed(host); err != nil {
		return nil, nil, err
	}
	server, err := l.build()
	if err != nil {
		return nil, nil, err
	}
	ln, err := l.listenFn("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, nil, explainListen(err, host, port)
	}
	return ln, server, nil
}

// serve runs until the server ends; an end that nobody asked for is a failure.
func (l *listener) serve(server *edge.Server, ln net.Listener) {
	err := server.Serve(ln)
	l.mu.Lock()
	lost := err != nil && l.server == server && l.state.State == stateRunning
	l.mu.Unlock()
	if lost {
		err = fmt.Errorf("the gateway's port was lost: %w", err)
		l.to(admin.Gateway{State: stateError, Error: err.Error()}, nil)
		select {
		case l.failed <- err:
		default:
		}
	}
}

// Stop closes the port at once and gives what is in flight some time. Stopping what is stopped is no error.
func (l *listener) Stop(context.Context) error { return l.stop(stopGrace) }

func (l *listener) stop(grace time.Duration) error {
	l.change.Lock()
	defer l.change.Unlock()
	l.mu.Lock()
	server, address := l.server, l.state.Address
	l.mu.Unlock()
	if server == nil {
		l.to(admin.Gateway{State: stateStopped}, nil)
		return nil
	}
	l.to(admin.Gateway{State: stateStopping, Address: address}, server)
	err := server.Shutdown(grace)
	l.to(admin.Gateway{State: stateStopped}, nil)
	return err
}

// Move opens the port anew where its address has changed while it was open.
func (l *listener) Move(ctx context.Context) error {
	s := l.State()
	if s.State == stateStopped || s.Address == baseURL(l.address()) && s.State == stateRunning {
		return nil
	}
	if err := l.stop(stopGrace); err != nil {
		return err
	}
	return l.Start(ctx)
}

func (l *listener) to(s admin.Gateway, server *edge.Server) {
	l.mu.Lock()
	l.state, l.server = s, server
	l.mu.Unlock()
	l.publish(l.State())
}

func baseURL(host string, port int) string {
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port))
}

func explainListen(err error, host string, port int) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		who := "another program"
		if p := peer.Holder(port); p != nil {
			who = fmt.Sprintf("%s (process %d)", p.Name, p.PID)
		}
		return fmt.Errorf("port %d is in use by %s: stop it, or choose another port in Settings or with --port", port, who)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %d needs special rights: choose one above 1023 in Settings or with --port", port)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("this machine has no address %s: choose another host in Settings or with --host", host)
	default:
		return fmt.Errorf("cannot listen on %s: %w", net.JoinHostPort(host, strconv.Itoa(port)), err)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
