package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/observe"
)

// KeepLogs says how to keep the log in a file whatever happens to it: a damaged one is moved aside, never deleted.
func KeepLogs(path string, log *slog.Logger) observe.KeeperOptions {
	return observe.KeeperOptions{
		Open: func(ctx context.Context) (observe.Opened, error) {
			l, err := OpenLogs(ctx, path)
			if err != nil {
				return nil, err
			}
			return l, nil
		},
		Damaged:  damagedSQLite,
		SetAside: func() (string, error) { return setAside(path, time.Now()) },
		Log:      log,
	}
}

// KeepLogsIn says how to keep the log in a PostgreSQL database, which may be out of reach.
func KeepLogsIn(where *config.Database, log *slog.Logger) observe.KeeperOptions {
	return observe.KeeperOptions{
		Open: func(ctx context.Context) (observe.Opened, error) {
			l, err := OpenLogsIn(ctx, where)
			if err != nil {
				return nil, err
			}
			return l, nil
		},
		Log: log,
	}
}

// setAside renames a closed database and the files beside it.
func setAside(path string, now time.Time) (to string, err error) {
	to = path + ".broken-" + now.UTC().Format("20060102-150405")
	for n := 2; exists(to); n++ {
		to = fmt.Sprintf("%s.broken-%s-%d", path, now.UTC().Format("20060102-150405"), n)
	}
	// Those beside it first: a new database must not find them.
	for _, beside := range [...]string{"-wal", "-shm", ""} {
		if err := os.Rename(path+beside, to+beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return to, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

var _ observe.Opened = (*Logs)(nil)
