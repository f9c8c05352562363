package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

// piece asks for a provider with one key, as a file does.
func piece(content, keyName, value string) *config.File {
	e := key(keyName, value)
	ensure := func(d *config.Draft) error {
		if d.Provider("alpha") != nil {
			return nil
		}
		return d.AddProvider("alpha", config.SourceFile, config.ProviderEdit{})
	}
	return &config.File{HasProviders: true, Pieces: []config.Piece{
		{ID: "provider/alpha", Content: []byte("p"), Apply: ensure},
		{ID: "key/alpha/" + keyName, Content: []byte(content), Apply: func(d *config.Draft) error {
			return d.PutKey("alpha", config.SourceFile, e)
		}},
	}}
}

func keyNames(m *config.Manager) (names []string) {
	for _, k := range m.Snapshot().Provider("alpha").Keys {
		names = append(names, k.Name+"="+k.Value.Reveal())
	}
	return names
}

func TestAnUnchangedFileKeepsWhatTheUserChanged(t *testing.T) {
	w := newWorld()
	w.start(t, piece("1", "k", canary))
	if strings.Contains(w.store.text(), canary) {
		t.Fatal("the file's key is in the store")
	}
	id := w.m.Snapshot().Provider("alpha").Keys[0].ID
	w.update(t, func(d *config.Draft) error {
		return d.EditKey("alpha", id, config.KeyEdit{Value: text("mine")})
	})
	w.start(t, piece("1", "k", canary))
	if diff := cmp.Diff([]string{"k=mine"}, keyNames(w.m)); diff != "" {
		t.Fatalf("the unchanged file undid the edit: %s", diff)
	}
	w.start(t, piece("2", "k", "theirs"))
	if diff := cmp.Diff([]string{"k=theirs"}, keyNames(w.m)); diff != "" {
		t.Fatalf("the changed file was not applied: %s", diff)
	}
	if w.m.Snapshot().Provider("alpha").Keys[0].ID != id {
		t.Fatal("the key has another id")
	}
	w.start(t, piece("3", "other", "v"))
	if diff := cmp.Diff([]string{"k=theirs", "other=v"}, keyNames(w.m)); diff != "" {
		t.Fatalf("what left the file went: %s", diff)
	}
	w.start(t, nil)
	if len(keyNames(w.m)) != 2 {
		t.Fatal("without the file its keys went")
	}
}

func TestAnAuthoritativeFileDecides(t *testing.T) {
	w := newWorld()
	w.start(t, piece("1", "k", canary))
	w.update(t, add("beta", key("b", "v")))
	id := w.m.Snapshot().Provider("alpha").Keys[0].ID
	w.update(t, func(d *config.Draft) error {
		return d.EditKey("alpha", id, config.KeyEdit{Value: text("mine")})
	})
	w.update(t, func(d *config.Draft) error {
		_, err := d.AddKey("alpha", config.SourceAPI, key("extra", "v"))
		return err
	})
	file := piece("1", "k", canary)
	file.Authoritative = true
	w.start(t, file)
	if diff := cmp.Diff([]string{"k=" + canary}, keyNames(w.m)); diff != "" {
		t.Fatal(diff)
	}
	if len(w.m.Snapshot().Providers) != 1 || len(w.chain.items) != 1 {
		t.Fatalf("%d providers, %d items", len(w.m.Snapshot().Providers), len(w.chain.items))
	}
	items := len(w.chain.items)
	ref := w.m.Snapshot().Provider("alpha").Keys[0].Ref
	w.start(t, file)
	if len(w.chain.items) != items || w.m.Snapshot().Provider("alpha").Keys[0].Ref != ref {
		t.Fatal("an unchanged key was stored again")
	}
}

func TestABrokenFileLeavesWhatIsStored(t *testing.T) {
	w := newWorld()
	w.start(t, piece("1", "k", canary))
	m := w.manager()
	if err := m.Load(t.Context(), piece("2", "k", "")); err == nil {
		t.Fatal("an empty key was taken")
	}
	if err := m.Load(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"k=" + canary}, keyNames(m)); diff != "" {
		t.Fatal(diff)
	}
}

func TestTheFilesProblemsAreShown(t *testing.T) {
	w := newWorld()
	file := piece("1", "k", canary)
	file.Problems = []config.Problem{{Path: "mcp", Message: "is not served"}}
	w.start(t, file)
	if !slices.Contains(w.m.Snapshot().Problems, file.Problems[0]) {
		t.Fatalf("problems: %v", w.m.Snapshot().Problems)
	}
	w.update(t, add("beta", key("b", "v")))
	if !slices.Contains(w.m.Snapshot().Problems, file.Problems[0]) {
		t.Fatal("an edit hides the file's problems")
	}
}
