package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"heimdall/gateway/admin"
)

// answerLimit bounds what is read of an answer.
const answerLimit = 1 << 20

// Client talks to one control listener. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// New makes a client of the listener at addr (host:port).
func New(addr, token string) *Client {
	transport := &http.Transport{
		Proxy:                 nil, // a loopback address; a proxy must never see the token
		MaxIdleConnsPerHost:   2,
		IdleConnTimeout:       10 * time.Second,
		ResponseHeaderTimeout: 15 * time.Second,
	}
	return &Client{base: "http://" + addr, token: token, http: &http.Client{Transport: transport}}
}

// Gateway asks for the state of the gateway's listener.
func (c *Client) Gateway(ctx context.Context) (admin.Gateway, error) {
	var g admin.Gateway
	err := c.call(ctx, http.MethodGet, "/api/gateway", nil, &g)
	return g, err
}

// StartGateway opens the gateway's listener.
func (c *Client) StartGateway(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/api/gateway/start", nil, nil)
}

// StopGateway closes the gateway's listener.
func (c *Client) StopGateway(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/api/gateway/stop", nil, nil)
}

// Pause puts the kill switch on or off.
func (c *Client) Pause(ctx context.Context, paused bool) error {
	return c.call(ctx, http.MethodPut, "/api/kill-switch", map[string]bool{"paused": paused}, nil)
}

// Show asks the app to show its window.
func (c *Client) Show(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/api/shell/show", nil, nil)
}

// Quit asks the app to end.
func (c *Client) Quit(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/api/shell/quit", nil, nil)
}

// Theme is the chosen theme: system, light or dark.
func (c *Client) Theme(ctx context.Context) (string, error) {
	var config struct {
		Settings struct {
			Theme string `json:"theme"`
		} `json:"settings"`
	}
	err := c.call(ctx, http.MethodGet, "/api/config", nil, &config)
	return config.Settings.Theme, err
}

// call sends one request and reads its answer into out, which may be nil.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	res, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	if res.StatusCode/100 != 2 {
		return refusal(res.StatusCode, body)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("write the request of %s: %w", path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.http.Do(req)
}

// refusal makes an error of an answer that is not a success; the gateway's own words where it sent some.
func refusal(status int, body []byte) error {
	var e admin.ErrorBody
	if json.Unmarshal(body, &e) == nil && e.Error.Message != "" {
		return errors.New(e.Error.Message)
	}
	return fmt.Errorf("the gateway answered %d %s", status, http.StatusText(status))
}
