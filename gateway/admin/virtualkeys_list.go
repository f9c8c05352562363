package admin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

const (
	usualPage = 25
	maxPage   = 100
)

// page reads which part of a list is asked for. More than the longest page is that page.
func (q *query) page(otherwise int) (limit, offset int) {
	limit = q.number("limit", otherwise, 0, 1<<30)
	if limit == 0 {
		limit = otherwise
	}
	return min(limit, maxPage), q.number("offset", 0, 0, 1<<30)
}

// keyOrders are what lists of virtual keys are sorted by.
var keyOrders = map[string]func(a, b VirtualKey) int{
	"name":       func(a, b VirtualKey) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) },
	"created_at": func(a, b VirtualKey) int { return a.CreatedAt.Compare(b.CreatedAt) },
	"budget_spent": func(a, b VirtualKey) int {
		return cmp.Compare(spentOf(a), spentOf(b))
	},
	"status": func(a, b VirtualKey) int { return strings.Compare(a.State, b.State) },
}

func spentOf(k VirtualKey) (usd float64) {
	for _, b := range k.Budgets {
		usd = max(usd, b.CurrentUsage)
	}
	return usd
}

func (a *Admin) listVirtualKeys(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	limit, offset := q.page(usualPage)
	search, team, customer := strings.ToLower(q.text("search")), q.text("team_id"), q.text("customer_id")
	by, order, export := q.text("sort_by"), q.text("order"), q.text("export")
	q.text("from_memory")
	compare, known := keyOrders[cmp.Or(by, "name")]
	if !known {
		q.fail("sort_by", "must be one of name, created_at, budget_spent, status")
	}
	if order != "" && order != "asc" && order != "desc" {
		q.fail("order", "must be asc or desc")
	}
	if export != "" && export != "csv" && export != "true" && export != "false" {
		q.fail("export", "must be csv")
	}
	if err := q.done(); err != nil {
		return nil, err
	}
	keys := []VirtualKey{}
	s := a.Config.Snapshot()
	for _, k := range s.VirtualKeys {
		if matches(k, search) && (team == "" || team == k.TeamID) && (customer == "" || customer == k.CustomerID) {
			keys = append(keys, a.virtualKey(s, k))
		}
	}
	slices.SortStableFunc(keys, func(a, b VirtualKey) int {
		if order == "desc" {
			return compare(b, a)
		}
		return compare(a, b)
	})
	if export == "csv" || export == "true" {
		return keysCSV(keys)
	}
	out := VirtualKeys{TotalCount: len(keys), Limit: limit, Offset: offset}
	keys = keys[min(offset, len(keys)):]
	out.VirtualKeys = keys[:min(limit, len(keys))]
	out.Count = len(out.VirtualKeys)
	return answer(out)
}

func matches(k *config.VirtualKey, search string) bool {
	return slices.ContainsFunc([]string{k.Name, k.Description, k.ID}, func(s string) bool {
		return strings.Contains(strings.ToLower(s), search)
	})
}

// keysCSV is the list as a table: a budget's columns are those of the key's first one.
func keysCSV(keys []VirtualKey) (*exchange.Reply, error) {
	rows := [][]string{{
		"id", "name", "value", "description", "status", "is_active", "team", "customer", "providers", "budget_max_limit", "budget_current_usage",
		"budget_reset_duration", "expires_at", "created_at",
	}}
	for _, k := range keys {
		var providers []string
		for _, g := range k.ProviderConfigs {
			providers = append(providers, g.Provider)
		}
		row := []string{k.ID, k.Name, k.Value, k.Description, k.State, strconv.FormatBool(k.IsActive), refName(k.Team), refName(k.Customer), strings.Join(providers, " ")}
		if b := k.Budget; b != nil {
			row = append(row, strconv.FormatFloat(b.MaxLimit, 'f', -1, 64), strconv.FormatFloat(b.CurrentUsage, 'f', -1, 64), b.ResetDuration)
		} else {
			row = append(row, "", "", "")
		}
		expires := ""
		if k.ExpiresAt != nil {
			expires = k.ExpiresAt.Format(time.RFC3339)
		}
		rows = append(rows, append(row, expires, k.CreatedAt.Format(time.RFC3339)))
	}
	for _, row := range rows[1:] {
		for i, cell := range row {
			row[i] = inert(cell)
		}
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		return nil, err
	}
	return &exchange.Reply{
		Status: http.StatusOK, ContentType: "text/csv; charset=utf-8", Body: b.Bytes(),
		Header: []exchange.Field{{Name: "Content-Disposition", Value: `attachment; filename="virtual-keys.csv"`}},
	}, nil
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func refName(o *OwnerRef) string {
	if o == nil {
		return ""
	}
	return o.Name
}
