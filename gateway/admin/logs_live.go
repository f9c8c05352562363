package admin

import (
	"slices"
	"strconv"
	"strings"

	"heimdall/gateway/filter"
	"heimdall/providers/llm"
)

// liveRow judges a row in flight: what is not known of it yet is open.
type liveRow struct{ *LogEntry }

// Text gives what is known of a field at the beginning of a request.
func (r liveRow) Text(f filter.Field, key string, i int) (string, bool) {
	texts := [...]string{"", ""}
	switch f {
	case filter.Provider:
		texts[0] = r.Provider
	case filter.Model:
		texts = [...]string{r.Model, r.Alias}
	case filter.Alias:
		texts[0] = r.LogEntry.Alias
	case filter.Status:
		texts[0] = r.Status
	case filter.Key:
		texts = [...]string{r.SelectedKeyID, r.SelectedKeyName}
	case filter.VK:
		texts = [...]string{r.VirtualKeyID, r.VirtualKeyName}
	case filter.Team:
		texts = [...]string{r.TeamID, r.TeamName}
	case filter.Customer:
		texts = [...]string{r.CustomerID, r.CustomerName}
	case filter.Rule:
		texts = [...]string{r.RoutingRuleID, r.RoutingRuleName}
	case filter.Operation:
		texts[0] = r.operation()
	case filter.Object:
		texts[0] = r.Object
	case filter.Dialect:
		texts[0] = r.Dialect
	case filter.Stream:
		texts[0] = strconv.FormatBool(r.Stream)
	case filter.App:
		texts[0] = r.App
	case filter.Agent:
		texts[0] = r.UserAgent
	case filter.ID:
		texts[0] = r.ID
	case filter.Session:
		texts[0] = r.SessionID
	case filter.Parent:
		texts[0] = r.ParentRequestID
	case filter.Path:
		texts[0] = r.Path
	case filter.Trace:
		texts[0] = r.TraceID
	case filter.ProcessBy:
		if r.Process != nil {
			texts = [...]string{r.Process.Name, r.Process.Dir}
		}
	case filter.Metadata:
		for name, value := range r.Metadata {
			if strings.EqualFold(name, key) {
				texts[0] = value
			}
		}
	default: // nothing is known of it before the end
	}
	if i >= len(texts) {
		return "", false
	}
	return texts[i], true
}

// Number gives what is known of a number at the beginning of a request.
func (r liveRow) Number(f filter.Field) (float64, bool) {
	switch f {
	case filter.Time:
		return float64(r.Timestamp.UnixMicro()) / 1e3, true
	case filter.Size:
		return float64(r.RequestSize), true
	default:
		return 0, false
	}
}

// Open reports whether the field may still get another value.
func (r liveRow) Open(f filter.Field) bool {
	switch f {
	case filter.Session:
		return r.SessionID == ""
	case filter.ProcessBy:
		return r.Process == nil
	case filter.Rule:
		return r.RoutingRuleID == ""
	default:
		return filter.Late(f)
	}
}

// operation is what was asked for, as the store names it.
func (r liveRow) operation() string {
	switch r.Object {
	case "chat.completion", "chat.completion.chunk", "response", "text_completion":
		return string(llm.OpChat)
	}
	return r.Object
}

// matching are the rows in flight that a query selects. They have no place in an order by what is not known yet.
func (a *Admin) matching(q asked) []LogEntry {
	if q.SortBy != "timestamp" && !q.running {
		return nil
	}
	rows := slices.DeleteFunc(a.Hub.Live(), func(e LogEntry) bool {
		return filter.Match(q.Where, liveRow{&e}) != filter.Yes ||
			(!q.Since.IsZero() && e.Timestamp.Before(q.Since)) || (!q.Until.IsZero() && !e.Timestamp.Before(q.Until))
	})
	if q.Ascending {
		slices.Reverse(rows)
	}
	return rows
}

var _ filter.Getter = liveRow{}
