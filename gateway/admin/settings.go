package admin

import (
	"context"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

func (a *Admin) getConfig(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	q.text("from_db")
	if err := q.done(); err != nil {
		return nil, err
	}
	return answer(a.config())
}

func (a *Admin) config() Config {
	s := a.Config.Snapshot()
	c := Config{
		ClientConfig: ClientConfig{
			EnableLogging: s.Client.EnableLogging, DisableContentLogging: s.Client.DisableContentLogging,
			LogRetentionDays: s.Client.LogRetentionDays, AllowedOrigins: list(s.Client.AllowedOrigins),
			AllowedHosts: list(s.Client.AllowedHosts), MaxRequestBodySizeMB: s.Client.MaxBodyMB,
			EnforceAuthOnInference: s.Client.EnforceKey, EnforceGovernanceHeader: s.Client.EnforceKey,
			RequiredHeaders: list(s.Client.RequiredHeaders), DeleteExpiredVirtualKeys: s.Client.DeleteExpiredKeys,
			RoutingChainMaxDepth: s.Client.RoutingDepth, RefuseUnpriced: s.Client.RefuseUnpriced,
			DirectKeysWithoutHeader: s.Client.DirectKeysUnasked,
			AllowDirectKeys:         s.Client.AllowDirectKeys, AllowPerRequestRawOverride: s.Client.AllowRawOverride,
			AllowStorageOverride: s.Client.AllowStorageOverride, LoggingHeaders: list(s.Client.LoggingHeaders), PrometheusLabels: list(s.Client.PrometheusLabels),
			HeaderFilterConfig:       HeaderFilterConfig{list(s.Client.HeaderFilter.Allow), list(s.Client.HeaderFilter.Deny)},
			StreamKeepAliveInSeconds: int(s.Client.StreamKeepAlive / time.Second),
		},
		AuthConfig: AuthConfig{
			AdminUsername: s.Auth.Username, IsEnabled: s.Auth.Enabled, DisableAuthOnInference: s.Auth.DisableOnInference,
		},
		Settings: Settings{
			Host: s.Settings.Host, Port: s.Settings.Port, Theme: s.Settings.Theme,
			WindowIdleMinutes: s.Settings.WindowIdleMinutes, LogBodyCapKB: s.Logs.BodyCapKB, LogMaxSizeMB: s.Logs.MaxSizeMB,
			LogErrorDays: s.Logs.ErrorDays, LogContentDays: s.Logs.ContentDays,
			AppDir: a.AppDir, Keychain: a.Keychain, KeychainDetail: a.KeychainDetail, Version: a.Version, Desktop: a.Desktop,
			Locked: map[string]string{},
		},
		IsDBConnected: true, IsLogsConnected: true, Problems: []Problem{},
	}
	if s.Auth.PasswordHash != "" {
		c.AuthConfig.AdminPassword = "<redacted>"
	}
	for name, by := range s.Locked {
		c.Settings.Locked[name] = by
	}
	for _, p := range s.Problems {
		c.Problems = append(c.Problems, Problem(p))
	}
	if a.Restart != nil {
		c.RestartRequired = a.Restart()
	}
	return c
}

func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

func (a *Admin) putConfig(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, warnings, err := a.Shapes.Config(x.Raw)
	if err != nil {
		return nil, err
	}
	keep := a.sessionHash(x.Header)
	err = a.Config.Update(ctx, func(d *config.Draft) error {
		password, name := d.Auth.PasswordHash, d.Auth.Username
		if err := unlocked(a.Config.Snapshot(), d, edit); err != nil {
			return err
		}
		if password != d.Auth.PasswordHash || name != d.Auth.Username {
			d.DropSessions(keep)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "configuration updated successfully", Warnings: warnings})
}

// unlocked runs an edit on a draft that shows what a flag or the environment decides, as callers see it. The edit may
// echo that but not change it; what is stored stays.
func unlocked(now *config.Snapshot, d *config.Draft, edit func(*config.Draft) error) error {
	var locks []lock
	locks = show(locks, now, "host", "settings.host", &d.Settings.Host, now.Settings.Host)
	locks = show(locks, now, "port", "settings.port", &d.Settings.Port, now.Settings.Port)
	locks = show(locks, now, "admin_username", "auth_config.admin_username", &d.Auth.Username, now.Auth.Username)
	locks = show(locks, now, "admin_password", "auth_config.admin_password", &d.Auth.PasswordHash, now.Auth.PasswordHash)
	locks = show(locks, now, "admin_password", "auth_config.is_enabled", &d.Auth.Enabled, now.Auth.Enabled)
	if err := edit(d); err != nil {
		return err
	}
	for _, l := range locks {
		if l.restore() {
			return lockedBy(l.path, l.by)
		}
	}
	return nil
}

// lock is a setting that somebody else decides. restore puts the stored value back, and reports whether the one that
// was shown has been changed.
type lock struct {
	path, by string
	restore  func() (changed bool)
}

// show puts the value that counts where the stored one is, if the setting of that name is locked.
func show[T comparable](locks []lock, now *config.Snapshot, name, path string, place *T, counts T) []lock {
	by := now.Locked[name]
	if by == "" {
		return locks
	}
	stored := *place
	*place = counts
	return append(locks, lock{path, by, func() bool {
		changed := *place != counts
		*place = stored
		return changed
	}})
}

func lockedBy(path, by string) error {
	return refuse(path, "is decided by the %s at start; change it there", by)
}
