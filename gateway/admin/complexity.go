package admin

import (
	"context"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

// ComplexityShapes reads the body that describes how requests are graded, as Shapes does.
type ComplexityShapes interface {
	Complexity(body []byte) (config.ComplexityEdit, error)
}

// complexityRows are the routes of how requests are graded, under the names that they have had.
func (a *Admin) complexityRows(manage func(method, path string, h exchange.Handler)) {
	for _, base := range []string{"/api/routing/", "/api/governance/"} {
		for _, path := range []string{base + "complexity", base + "complexity-analyzer-config"} {
			manage("GET", path, a.getComplexity)
			manage("PUT", path, a.putComplexity)
			manage("POST", path+"/reset", a.resetComplexity)
		}
	}
}

// complexityPath is how the paths of these settings begin in errors.
const complexityPath = `governance\.complexity_analyzer_config\.`

func (a *Admin) getComplexity(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	c := a.Config.Snapshot().Complexity.Filled()
	return answer(Complexity{
		TierBoundaries: TierBoundaries{c.SimpleMedium, c.MediumComplex, c.ComplexReasoning},
		Keywords:       ComplexityKeywords{c.Code, c.Reasoning, c.Technical, c.Simple},
	})
}

func (a *Admin) putComplexity(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, err := a.Shapes.Complexity(x.Raw)
	if err != nil {
		return nil, err
	}
	if err := a.Config.Update(ctx, func(d *config.Draft) error { return d.EditComplexity(edit) }); err != nil {
		return nil, relative(err, complexityPath)
	}
	return a.getComplexity(ctx, x)
}

func (a *Admin) resetComplexity(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	err := a.Config.Update(ctx, func(d *config.Draft) error {
		d.ResetComplexity()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.getComplexity(ctx, x)
}
