package admin

import (
	"context"

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
		},
		AuthConfig: AuthConfig{
			AdminUsername: s.Auth.Username, IsEnabled: s.Auth.Enabled, DisableAuthOnInference: s.Auth.DisableOnInference,
		},
		Settings: Settings{
			Host: s.Settings.Host, Port: s.Settings.Port, Theme: s.Settings.Theme,
			WindowIdleMinutes: s.Settings.WindowIdleMinutes, LogBodyCapKB: s.Logs.BodyCapKB, LogMaxSizeMB: s.Logs.MaxSizeMB,
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
		hash, name := d.Auth.PasswordHash, d.Auth.Username
		if err := unlocked(a.Config.Snapshot(), d, edit); err != nil {
			return err
		}
		if hash != d.Auth.PasswordHash || name != d.Auth.Username {
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
	locks := []struct {
		name, path string
		restore    func() (changed bool)
	}{
		{"host", "settings.host", show(&d.Settings.Host, now.Settings.Host)},
		{"port", "settings.port", show(&d.Settings.Port, now.Settings.Port)},
		{"admin_username", "auth_config.admin_username", show(&d.Auth.Username, now.Auth.Username)},
		{"admin_password", "auth_config.admin_password", show(&d.Auth.PasswordHash, now.Auth.PasswordHash)},
		{"admin_password", "auth_config.is_enabled", show(&d.Auth.Enabled, now.Auth.Enabled)},
	}
	if err := edit(d); err != nil {
		return err
	}
	for _, l := range locks {
		by := now.Locked[l.name]
		if by != "" && l.restore() {
			return lockedBy(l.path, by)
		}
	}
	return nil
}

// show puts the value that counts where the stored one is. The function puts that back, and reports whether what was
// shown has been changed.
func show[T comparable](place *T, counts T) (back func() (changed bool)) {
	stored := *place
	*place = counts
	return func() bool {
		changed := *place != counts
		*place = stored
		return changed
	}
}

func lockedBy(path, by string) error {
	return refuse(path, "is decided by the %s at start; change it there", by)
}
