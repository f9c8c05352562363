package gateway

import (
	"context"
	"errors"
	"io/fs"
	"mime"
	"path"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// pageHeader keeps the page to itself: nothing from elsewhere runs in it, shows in it, or frames it.
var pageHeader = []exchange.Field{
	{Name: "Content-Security-Policy", Value: "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
	{Name: "X-Content-Type-Options", Value: "nosniff"},
	{Name: "Referrer-Policy", Value: "no-referrer"},
	{Name: "Cross-Origin-Opener-Policy", Value: "same-origin"},
	{Name: "Cross-Origin-Resource-Policy", Value: "same-origin"},
}

// page serves the built page: index.html at the root, files under their names.
type page struct{ files fs.FS }

func (p page) rows() []exchange.Row {
	return []exchange.Row{
		{Method: "GET", Path: "/", Guard: exchange.GuardUI, Handler: p.serve},
		{Method: "HEAD", Path: "/", Guard: exchange.GuardUI, Handler: p.serve},
		{Method: "GET", Path: "/{file...}", Guard: exchange.GuardUI, Handler: p.serve},
	}
}

func (p page) serve(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	name := x.Params["file"]
	if name == "" {
		name = "index.html"
	}
	body, err := fs.ReadFile(p.files, name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) || err != nil && !fs.ValidPath(name) {
		return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: 404, Type: "not_found", Message: "there is no route " + x.Method + " " + x.Path + " here"}
	}
	if err != nil {
		return nil, err
	}
	cache := "no-cache"
	if strings.HasPrefix(name, "assets/") {
		cache = "public, max-age=31536000, immutable" // their names change with their content
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	header := append([]exchange.Field{{Name: "Cache-Control", Value: cache}}, pageHeader...)
	return &exchange.Reply{Status: 200, ContentType: kind, Header: header, Body: body}, nil
}
