//go:build !tray

package app

import "context"

// desktop opens the app; nil where this program has no tray.
var desktop func(ctx context.Context, a *App) error
