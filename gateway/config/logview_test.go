package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

func TestViewsAndAppNamesAreKept(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	views := []config.LogView{{Name: "b", Filter: "cost>1"}, {Name: "a", Filter: "status:error", Key: 3}}
	names := []config.AppName{{ID: "2", Pattern: "My-Tool/*", App: "mine"}, {ID: "1", Pattern: "*tool*", App: "a tool"}}
	w.update(t, func(d *config.Draft) error {
		d.Views, d.AppNames = views, names
		return nil
	})
	w.start(t, nil)
	now := w.m.Snapshot()
	if diff := cmp.Diff(views, now.Views) + cmp.Diff(names, now.AppNames); diff != "" {
		t.Error(diff)
	}
	for agent, want := range map[string]string{"my-tool/1.2": "mine", "Other Tool": "a tool", "curl/8": ""} {
		if got, ok := now.App(agent); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", agent, got, ok)
		}
	}
	w.update(t, func(d *config.Draft) error {
		d.Views, d.AppNames = nil, nil
		return nil
	})
	if now := w.m.Snapshot(); len(now.Views)+len(now.AppNames) > 0 {
		t.Errorf("removed: %+v %+v", now.Views, now.AppNames)
	}
}
