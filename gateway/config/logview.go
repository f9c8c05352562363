package config

import (
	"heimdall/gateway/filter"
)

// LogView is a filter of the request log under a name. Key is the number key that opens it, 0 = none.
type LogView struct {
	Name   string `json:"name"`
	Filter string `json:"filter"`
	Key    int    `json:"key,omitempty"`
}

// AppName gives programs a name in the log: those whose User-Agent is the pattern but for case, where each * stands for
// any characters.
type AppName struct {
	ID      string `json:"id"`
	Pattern string `json:"pattern"`
	App     string `json:"app"`
}

// App is the name that the user gave the program with that User-Agent: the first pattern that matches counts.
func (s *Snapshot) App(userAgent string) (name string, ok bool) {
	for _, n := range s.AppNames {
		if filter.Glob(n.Pattern, userAgent) {
			return n.App, true
		}
	}
	return "", false
}
