package admin

import (
	"context"

	"heimdall/gateway/exchange"
)

// storage says what the log takes, what it may take, and what it has lost.
func (a *Admin) storage(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
	state, now := a.LogState(), a.Config.Snapshot()
	out := LogStorage{
		Type: state.Type, Path: state.Path, Problem: state.Problem, DroppedRows: state.DroppedRows, DroppedBodies: state.DroppedBodies,
		MaxBytes: int64(now.Logs.MaxSizeMB) << 20, RetentionDays: now.Client.LogRetentionDays,
		ErrorDays: max(now.Logs.ErrorDays, now.Client.LogRetentionDays), ContentDays: now.Logs.ContentDays,
	}
	size, err := a.Logs.Size(ctx)
	if err != nil && out.Problem == "" {
		out.Problem = "the log can't be read: " + err.Error()
	}
	if err == nil {
		out.Rows, out.Bytes, out.BodyBytes = size.Rows, size.Bytes, size.BodyBytes
		if !size.Oldest.IsZero() {
			out.Oldest = &size.Oldest
		}
	}
	return answer(out)
}

func (a *Admin) dropped(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	state := a.LogState()
	return answer(LogDropped{state.DroppedRows, state.DroppedBodies})
}
