package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"heimdall/gateway/admin"
)

const (
	frameLimit = 8 << 20 // the longest line of an event
	retryFirst = 200 * time.Millisecond
	retryMost  = 3 * time.Second
)

// Watch calls on with every event until ctx is done. A lost stream is opened again; lost is called once each time one
// ends. The first event after each opening is the state of the gateway.
func (c *Client) Watch(ctx context.Context, on func(admin.Frame), lost func(error)) {
	wait := retryFirst
	for {
		err := c.stream(ctx, func(f admin.Frame) {
			wait = retryFirst
			on(f)
		})
		if ctx.Err() != nil {
			return
		}
		lost(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, retryMost)
	}
}

// stream reads one event stream to its end.
func (c *Client) stream(ctx context.Context, on func(admin.Frame)) error {
	res, err := c.send(ctx, http.MethodGet, "/api/events", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return refusal(res.StatusCode, nil)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 0, 4<<10), frameLimit)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		var f admin.Frame
		if err := json.Unmarshal([]byte(strings.TrimSpace(data)), &f); err != nil {
			return fmt.Errorf("read an event: %w", err)
		}
		on(f)
	}
	return lines.Err()
}
