package admin

import (
	"context"

	"heimdall/gateway/exchange"
)

// toolRows are the routes of the log of MCP tools. The gateway runs none yet, so that log is empty.
func (a *Admin) toolRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/mcp-logs", a.listToolLogs)
	manage("DELETE", "/api/mcp-logs", a.deleteToolLogs)
	manage("GET", "/api/mcp-logs/stats", a.toolStats)
	manage("GET", "/api/mcp-logs/filterdata", a.toolFilterData)
	manage("GET", "/api/mcp-logs/histogram", a.toolChart("count", "success", "error"))
	manage("GET", "/api/mcp-logs/histogram/cost", a.toolChart("total_cost"))
	manage("GET", "/api/mcp-logs/histogram/top-tools", a.topTools)
	manage("GET", "/api/mcp-logs/{id}", a.getToolLog)
}

// toolLists are the parameters that name values of a tool's log.
var toolLists = []string{"tool_names", "server_labels", "status", "virtual_key_ids", "llm_request_ids", "user_ids", "team_ids", "customer_ids"}

// toolQuery reads the parameters that say which calls of tools are meant.
func (a *Admin) toolQuery(p *query) asked {
	for _, name := range toolLists {
		p.list(name)
	}
	for _, b := range []string{"min_latency", "max_latency", "min_cost", "max_cost"} {
		p.amount(b)
	}
	p.text("content_search")
	var q asked
	q.Since, q.Until = moment(p, "start_time"), moment(p, "end_time")
	if period := span(p, "period"); period > 0 && q.Since.IsZero() {
		q.Since = a.now().Add(-period)
	}
	return q
}

func (a *Admin) listToolLogs(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	q := a.toolQuery(&p)
	q.Limit, q.Offset = p.number("limit", 50, 1, 1000), p.number("offset", 0, 0, 1<<31-1)
	q.SortBy = choice(&p, "sort_by", "timestamp", "latency", "cost")
	q.Ascending = choice(&p, "order", "desc", "asc") == "asc"
	if err := p.done(); err != nil {
		return nil, err
	}
	return answer(ToolLogs{Logs: []ToolLog{}, Pagination: pagination(q.Query, 0)})
}

func (a *Admin) getToolLog(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return nil, noEntry(x.Params["id"])
}

func (a *Admin) deleteToolLogs(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var d deletion
	if err := decode(x.Raw, &d); err != nil {
		return nil, err
	}
	if len(d.IDs) == 0 {
		return nil, refuse("ids", "is missing; name the entries to delete")
	}
	return answer(Saved{Status: "success", Message: "MCP tool logs deleted successfully"})
}

func (a *Admin) toolStats(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	a.toolQuery(&p)
	if err := p.done(); err != nil {
		return nil, err
	}
	return answer(ToolStats{})
}

func (a *Admin) toolFilterData(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	p.list("dimensions")
	if err := p.done(); err != nil {
		return nil, err
	}
	return answer(ToolFilterData{ToolNames: []string{}, ServerLabels: []string{}, VirtualKeys: []Facet{}})
}

// toolChart is a histogram whose buckets have these members.
func (a *Admin) toolChart(members ...string) exchange.Handler {
	return func(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		p := query{values: x.Query}
		q := a.window(a.toolQuery(&p).Query)
		if err := p.done(); err != nil {
			return nil, err
		}
		size := bucketSize(q)
		buckets := []map[string]any{}
		for _, t := range timeline(q, size) {
			b := map[string]any{"timestamp": t}
			for _, m := range members {
				b[m] = 0
			}
			buckets = append(buckets, b)
		}
		return answer(map[string]any{"buckets": buckets, "bucket_size_seconds": int64(size.Seconds())})
	}
}

func (a *Admin) topTools(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	a.toolQuery(&p)
	p.number("limit", 10, 1, 1000)
	if err := p.done(); err != nil {
		return nil, err
	}
	return answer(map[string]any{"tools": []any{}})
}
