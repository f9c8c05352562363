package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"heimdall/gateway/compat"
	"heimdall/gateway/config"
	"heimdall/gateway/importer"
	"heimdall/gateway/sqlstore"
	"heimdall/providers"
	"heimdall/providers/all"
)

// The tools whose configuration can be imported.
const (
	ImportBifrost          = "bifrost"
	ImportLiteLLM          = "litellm"
	ImportClaudeCodeRouter = "claude-code-router"
	ImportCCSwitch         = "cc-switch"
)

// ImportRequest says what to import. A dry run changes nothing and needs no Options.Secrets.
type ImportRequest struct {
	Tool   string
	Path   string // of its configuration, a file or a database
	DryRun bool
}

// ImportReport says what was taken, in the order of the configuration, and what was not.
type ImportReport struct {
	New     []string        `json:"new"`
	Same    []string        `json:"same"` // taken before and not changed in the source since
	Left    []importer.Note `json:"left"`
	Secrets int             `json:"secrets"` // how many went to the keychain, as items of their own
}

// Import takes the configuration of another tool into the app folder's. No gateway may run there. What was taken before
// is taken again only where it has changed in the source, and what the user made stays as it is.
func Import(ctx context.Context, o Options, what ImportRequest) (ImportReport, error) {
	if o.Providers == nil {
		o.Providers = all.List()
	}
	made, err := what.read(ctx, builtins(o.Providers))
	if err != nil {
		return ImportReport{}, fmt.Errorf("%s: %w", what.Path, err)
	}
	dir := o.AppDir
	vault := &importVault{Secrets: o.Secrets, dry: what.DryRun, made: map[string]string{}}
	if what.DryRun {
		if dir, err = os.MkdirTemp("", "heimdall-import-"); err != nil {
			return ImportReport{}, fmt.Errorf("make room for a dry run: %w", err)
		}
		defer os.RemoveAll(dir)
		if err := copyConfig(o.AppDir, dir); err != nil {
			return ImportReport{}, fmt.Errorf("copy the configuration for a dry run: %w", err)
		}
	}
	store, err := sqlstore.OpenConfig(ctx, filepath.Join(dir, "config.db"))
	if err != nil {
		return ImportReport{}, fmt.Errorf("open the configuration: %w", err)
	}
	kinds := kindInfos(o.Providers)
	i := importing{
		tool:    what.Tool,
		manager: config.NewManager(config.ManagerOptions{Store: store, Secrets: vault, Env: o.Env, Kinds: kinds}),
		shapes:  compat.NewDecoder(kinds, o.Env),
		names:   map[string]string{},
		applied: map[string]bool{},
		report:  ImportReport{Left: made.Left},
	}
	err = i.run(ctx, o, made.Config, what.Path)
	i.report.Secrets = vault.stored()
	return i.report, errors.Join(err, store.Close())
}

// read has the importer of the tool read its configuration.
func (r ImportRequest) read(ctx context.Context, known []importer.Builtin) (importer.Result, error) {
	ext := strings.ToLower(filepath.Ext(r.Path))
	database := ext == ".db" || ext == ".sqlite" || ext == ".sqlite3"
	switch {
	case r.Tool == ImportBifrost && database:
		tables, err := sqlstore.ReadTables(ctx, r.Path, importer.BifrostTables...)
		if err != nil {
			return importer.Result{}, err
		}
		return importer.BifrostDB(tables)
	case r.Tool == ImportCCSwitch && database:
		tables, err := sqlstore.ReadTables(ctx, r.Path, importer.CCSwitchTables...)
		if err != nil {
			return importer.Result{}, err
		}
		return importer.CCSwitchDB(tables, known)
	}
	data, err := os.ReadFile(r.Path)
	if err != nil {
		return importer.Result{}, err
	}
	switch r.Tool {
	case ImportBifrost:
		return importer.Bifrost(data)
	case ImportLiteLLM:
		return importer.LiteLLM(data, known)
	case ImportClaudeCodeRouter:
		return importer.ClaudeCodeRouter(data, known)
	case ImportCCSwitch:
		return importer.CCSwitch(data, known)
	}
	return importer.Result{}, fmt.Errorf("%s is no tool that can be imported", r.Tool)
}

func builtins(list []providers.Provider) (out []importer.Builtin) {
	for _, p := range list {
		out = append(out, importer.Builtin{Name: p.Info().Name, BaseURL: p.Info().BaseURL})
	}
	return out
}

// importing is one import under way.
type importing struct {
	tool    string
	manager *config.Manager
	shapes  *compat.Decoder
	names   map[string]string // what people call a piece, by its ID
	applied map[string]bool   // pieces that were new, by their ID
	report  ImportReport
}

func (i *importing) run(ctx context.Context, o Options, made []byte, path string) error {
	if err := i.load(ctx, o); err != nil {
		return err
	}
	file, err := i.shapes.ParseFile(made, filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, p := range file.Problems {
		i.leave(p.Path, p.Message)
	}
	pieces := i.wanted(file.Pieces)
	if i.take(ctx, pieces...) == nil {
		i.told(pieces, nil)
		return nil
	}
	// Something in it is wrong. The rest is taken all the same.
	failed := map[string]bool{}
	for _, p := range pieces {
		if err := i.take(ctx, p); err != nil {
			if ctx.Err() != nil {
				return err
			}
			failed[p.ID] = true
			i.leave(i.names[p.ID], err.Error())
		}
	}
	i.told(pieces, failed)
	return nil
}

// load reads what is configured now, as the gateway does when it starts.
func (i *importing) load(ctx context.Context, o Options) error {
	g := &Gateway{opts: o, shapes: i.shapes}
	file, err := g.readFile()
	if err != nil {
		return err
	}
	if file != nil && file.Authoritative {
		return errors.New(`the configuration file of Heimdall says "source_of_truth": "config.json", so that what is imported would be gone at the next start; change that to "split" first`)
	}
	return i.manager.Load(ctx, file)
}

func (i *importing) leave(what, why string) {
	if !strings.Contains(why, readableSecret) {
		i.report.Left = append(i.report.Left, importer.Note{What: what, Why: why})
	}
}

// readableSecret is what the reader of files says of each secret that it finds in one. An import moves them all.
const readableSecret = "is readable in the file"

// take applies pieces, all or none.
func (i *importing) take(ctx context.Context, pieces ...config.Piece) error {
	return i.manager.Load(ctx, &config.File{Pieces: pieces})
}

// wanted are the pieces of an import, under names of their own, but those in whose place the user has something else.
func (i *importing) wanted(all []config.Piece) (out []config.Piece) {
	foreign := map[string]bool{} // providers of the same name that are somewhere else
	for _, p := range all {
		id := "import/" + i.tool + "/" + p.ID
		if !i.manager.Took(id) && i.refused(p, foreign) {
			continue
		}
		i.names[id] = i.name(p)
		apply := p.Apply
		p.ID = id
		p.Apply = func(d *config.Draft) error {
			i.applied[id] = true
			return apply(d)
		}
		out = append(out, p)
	}
	return out
}

// told sorts the pieces by what became of them.
func (i *importing) told(pieces []config.Piece, failed map[string]bool) {
	for _, p := range pieces {
		switch {
		case failed[p.ID]:
		case i.applied[p.ID]:
			i.report.New = append(i.report.New, i.names[p.ID])
		default:
			i.report.Same = append(i.report.Same, i.names[p.ID])
		}
	}
}

// importVault remembers which secrets are stored. In a dry run it stores them nowhere else.
type importVault struct {
	config.Secrets
	dry  bool
	made map[string]string
}

func (v *importVault) Get(name string) (string, error) {
	if value, ok := v.made[name]; ok {
		return value, nil
	}
	if v.dry {
		return "", errors.New("a dry run reads no secrets")
	}
	return v.Secrets.Get(name)
}

func (v *importVault) Set(name, value string) error {
	if !v.dry {
		if err := v.Secrets.Set(name, value); err != nil {
			return err
		}
	}
	v.made[name] = value
	return nil
}

// stored counts the secrets that were stored, without the key that seals those that a keychain has no room for.
func (v *importVault) stored() (n int) {
	for name := range v.made {
		if !strings.HasPrefix(name, "master-") {
			n++
		}
	}
	return n
}

func (v *importVault) Delete(name string) error {
	delete(v.made, name)
	if v.dry {
		return nil
	}
	return v.Secrets.Delete(name)
}

// copyConfig copies the configuration's database, which nobody has open, with what a crash may have left beside it.
func copyConfig(from, to string) error {
	for _, name := range []string{"config.db", "config.db-wal"} {
		data, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
