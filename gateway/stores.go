package gateway

import (
	"context"
	"fmt"
	"path/filepath"

	"heimdall/gateway/config"
	"heimdall/gateway/observe"
	"heimdall/gateway/sqlstore"
)

// openConfigStore opens where the configuration is stored, which only the file can say. Without it nothing can start.
func (g *Gateway) openConfigStore(ctx context.Context, file *config.File) (store *sqlstore.Config, err error) {
	if file != nil {
		g.logDatabase = file.LogStore
	}
	if file != nil && file.ConfigStore != nil {
		store, err = sqlstore.OpenConfigIn(ctx, file.ConfigStore)
	} else {
		store, err = sqlstore.OpenConfig(ctx, filepath.Join(g.opts.AppDir, "config.db"))
	}
	if err != nil {
		return nil, fmt.Errorf("open the configuration: %w", err)
	}
	g.closers = append(g.closers, func(context.Context) error { return store.Close() })
	return store, nil
}

// logStore says where the request log is kept.
func (g *Gateway) logStore() observe.KeeperOptions {
	if g.logDatabase != nil {
		return sqlstore.KeepLogsIn(g.logDatabase, g.opts.Log)
	}
	return sqlstore.KeepLogs(g.logPath(), g.opts.Log)
}

// logPath is the file of the request log; "" where it has none.
func (g *Gateway) logPath() string {
	if g.logDatabase != nil {
		return ""
	}
	if path := g.manager.Snapshot().Logs.Path; path != "" {
		return path
	}
	return filepath.Join(g.opts.AppDir, "logs.db")
}
