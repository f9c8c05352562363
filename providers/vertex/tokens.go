package vertex

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

const scope = "https://www.googleapis.com/auth/cloud-platform"

// tokens keeps the token sources of service accounts, each of which keeps its token until it runs out.
type tokens struct {
	mu      sync.Mutex
	sources map[string]oauth2.TokenSource // by the account's JSON; "" = this machine's own
}

// token gives a token of the service account in account, or of this machine where that is empty.
func (t *tokens) token(ctx context.Context, account string) (string, error) {
	source, err := t.source(account)
	if err != nil {
		return "", err
	}
	type got struct {
		token *oauth2.Token
		err   error
	}
	ready := make(chan got, 1)
	go func() { // a source knows no context, and others may wait for the same token
		token, err := source.Token()
		ready <- got{token, err}
	}()
	select {
	case g := <-ready:
		if g.err != nil {
			return "", fmt.Errorf("get a token from Google: %w", g.err)
		}
		return g.token.AccessToken, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (t *tokens) source(account string) (oauth2.TokenSource, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.sources[account]; s != nil {
		return s, nil
	}
	s, err := newSource(account)
	if err != nil {
		return nil, err
	}
	if t.sources == nil {
		t.sources = map[string]oauth2.TokenSource{}
	}
	t.sources[account] = s
	return s, nil
}

func newSource(account string) (oauth2.TokenSource, error) {
	if account == "" {
		c, err := google.FindDefaultCredentials(context.Background(), scope)
		if err != nil {
			return nil, fmt.Errorf("this machine has no credentials of its own for Google Cloud; give the key a service account: %w", err)
		}
		return c.TokenSource, nil
	}
	c, err := google.JWTConfigFromJSON([]byte(account), scope)
	if err != nil {
		return nil, errors.New("auth_credentials is not the JSON file of a service account") // the cause may quote it
	}
	return c.TokenSource(context.Background()), nil
}
