package app

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
)

const (
	styleJSON   = "json"
	stylePretty = "pretty"
)

// chooseStyle is pretty on a terminal and JSON elsewhere, unless somebody chose.
func chooseStyle(chosen string, f *os.File) string {
	if chosen != "" {
		return chosen
	}
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return stylePretty
	}
	return styleJSON
}

func newLog(w io.Writer, level, style string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	if style == stylePretty {
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: l, TimeFormat: time.TimeOnly, NoColor: os.Getenv("NO_COLOR") != ""}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
}
