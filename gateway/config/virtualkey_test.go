package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/period"
	"heimdall/providers/llm"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func every(s string) period.Period {
	p, err := period.Parse(s)
	if err != nil {
		panic(err)
	}
	return p
}

func budgets(list ...config.BudgetEdit) config.AllowanceEdit {
	return config.AllowanceEdit{Budgets: list}
}

func usd(most float64, per string) config.BudgetEdit {
	return config.BudgetEdit{Max: &most, Every: every(per)}
}

// addKey makes a virtual key that must be taken, and returns its value.
func (w *world) addKey(t *testing.T, e config.VirtualKeyEdit) (id, value string) {
	t.Helper()
	w.update(t, func(d *config.Draft) error {
		made, secret, err := d.AddVirtualKey(config.SourceAPI, noon, e)
		id, value = made, secret.Reveal()
		return err
	})
	return id, value
}

func (w *world) virtualKey(t *testing.T, id string) *config.VirtualKey {
	t.Helper()
	for _, k := range w.m.Snapshot().VirtualKeys {
		if k.ID == id {
			return k
		}
	}
	t.Fatalf("there is no virtual key %s", id)
	return nil
}

func TestAVirtualKeysValueIsNowhere(t *testing.T) {
	for _, c := range []struct {
		name, given string
		loose       bool
		hint        func(value string) string
	}{
		{"made", "", false, func(v string) string { return "sk-bf-…" + v[len(v)-4:] }},
		{"given with the prefix", "sk-bf-0123456789abcdef", false, func(string) string { return "sk-bf-…cdef" }},
		{"given without", "vk-prod-main", true, func(string) string { return "…main" }},
		{"given and short", "vk-prod-1", true, func(string) string { return "…" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.start(t, nil)
			e := config.VirtualKeyEdit{Name: ptr("k")}
			if c.given != "" {
				e.Value = ptr(config.NewSecret(c.given))
			}
			id, value := w.addKey(t, e)
			if c.given != "" && value != c.given || c.given == "" && (!strings.HasPrefix(value, "sk-bf-") || len(value) < 40) {
				t.Fatalf("the value is %q", value)
			}
			k := w.virtualKey(t, id)
			if len(k.Hash) != 64 || k.Loose != c.loose || k.Hint != c.hint(value) || !strings.HasPrefix(string(k.Sealed), "sealed:") {
				t.Errorf("stored: %+v", k)
			}
			if strings.Contains(w.store.text(), value) {
				t.Error("the store holds the value")
			}
			copied, err := w.start(t, nil).VirtualKeyValue(id)
			if err != nil || copied.Reveal() != value {
				t.Errorf("the sealed copy: %v", err)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	id, old := w.addKey(t, config.VirtualKeyEdit{Name: ptr("k")})
	before := w.virtualKey(t, id).Hash
	rotate := func(grace time.Duration) (value string) {
		w.update(t, func(d *config.Draft) error {
			secret, err := d.RotateVirtualKey(id, grace, noon)
			value = secret.Reveal()
			return err
		})
		return value
	}
	value := rotate(10 * time.Minute)
	k := w.virtualKey(t, id)
	if value == old || k.Hash == before || strings.Contains(w.store.text(), value) {
		t.Fatal("the value is the old one, or stored")
	}
	if diff := cmp.Diff(&config.Retired{Hash: before, Until: noon.Add(10 * time.Minute)}, k.Previous); diff != "" {
		t.Errorf("the old value: %s", diff)
	}
	if copied, err := w.m.VirtualKeyValue(id); err != nil || copied.Reveal() != value {
		t.Errorf("the sealed copy is not that of the new value: %v", err)
	}
	sweep := func(now time.Time) (gone []string) {
		w.update(t, func(d *config.Draft) error { gone = d.SweepExpired(now); return nil })
		return gone
	}
	if sweep(noon.Add(9 * time.Minute)); w.virtualKey(t, id).Previous == nil {
		t.Error("the old value went too early")
	}
	if sweep(noon.Add(10 * time.Minute)); w.virtualKey(t, id).Previous != nil {
		t.Error("the old value is still there")
	}
	if rotate(0); w.virtualKey(t, id).Previous != nil {
		t.Error("without grace the old value works on")
	}
}

func TestExpiredKeysGo(t *testing.T) {
	yes, no := ptr(true), ptr(false)
	for _, c := range []struct {
		name    string
		own     *bool
		general bool
		gone    bool
	}{
		{"as the client settings say", nil, true, true}, {"as they say not", nil, false, false},
		{"itself says so", yes, false, true}, {"itself says not", no, true, false},
	} {
		w := newWorld()
		w.start(t, nil)
		w.addKey(t, config.VirtualKeyEdit{Name: ptr("stays")})
		w.addKey(t, config.VirtualKeyEdit{Name: ptr("goes"), Expires: ptr(noon), DeleteAfterExpire: &c.own})
		w.update(t, func(d *config.Draft) error {
			d.Client.DeleteExpiredKeys = c.general
			if gone := d.SweepExpired(noon.Add(-time.Second)); len(gone) != 0 {
				t.Errorf("%s: %v went early", c.name, gone)
			}
			if gone := d.SweepExpired(noon); (len(gone) == 1) != c.gone || len(d.VirtualKeys) == 2 == c.gone {
				t.Errorf("%s: %v went", c.name, gone)
			}
			return nil
		})
	}
}

func TestBudgetsKeepWhatCountsTheirUsage(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	grant := config.GrantEdit{Provider: "play", Allowance: budgets(usd(5, "1d"))}
	id, _ := w.addKey(t, config.VirtualKeyEdit{
		Name: ptr("k"), Grants: []config.GrantEdit{grant},
		Allowance: config.AllowanceEdit{Budgets: []config.BudgetEdit{usd(10, "1M"), usd(1, "1h")}, Rate: &config.RateEdit{Tokens: &config.Quota{Max: 7, Every: every("1m")}}},
	})
	old := w.virtualKey(t, id)
	later := noon.Add(time.Hour)
	edit := func(e config.VirtualKeyEdit) *config.VirtualKey {
		t.Helper()
		w.update(t, func(d *config.Draft) error { return d.EditVirtualKey(id, later, e) })
		return w.virtualKey(t, id)
	}
	k := edit(config.VirtualKeyEdit{
		Grants:    []config.GrantEdit{{Provider: "play", Weight: ptr(ptr(0.2))}},
		Allowance: config.AllowanceEdit{Budgets: []config.BudgetEdit{usd(20, "1M"), usd(3, "1w")}, Rate: &config.RateEdit{Requests: &config.Quota{Max: 9, Every: every("1d")}}},
	})
	month, week := k.Allowance.Budgets[0], k.Allowance.Budgets[1]
	if o := old.Allowance.Budgets[0]; month.ID != o.ID || !month.Since.Equal(noon) || month.Max != 20 {
		t.Errorf("the monthly budget was %+v, is %+v", o, month)
	}
	if week.ID == old.Allowance.Budgets[1].ID || !week.Since.Equal(later) || len(k.Allowance.Budgets) != 2 {
		t.Errorf("the weekly budget: %+v", week)
	}
	if r := k.Allowance.Rate; r.ID != old.Allowance.Rate.ID || r.Tokens != nil || r.Requests.Max != 9 {
		t.Errorf("the rate limit: %+v", r)
	}
	if g, o := k.Grants[0], old.Grants[0]; g.ID != o.ID || *g.Weight != 0.2 || len(g.Allowance.Budgets) != 1 || g.Allowance.Budgets[0].ID != o.Allowance.Budgets[0].ID {
		t.Errorf("the grant was %+v, is %+v", o, g)
	}
	if old.Allowance.Budgets[0].Max != 10 || *old.Grants[0].Weight != 1 {
		t.Error("an older snapshot has changed")
	}
	k = edit(config.VirtualKeyEdit{Grants: []config.GrantEdit{}, Allowance: config.AllowanceEdit{Budgets: []config.BudgetEdit{}, Rate: &config.RateEdit{}}})
	if len(k.Grants)+len(k.Allowance.Budgets) != 0 || k.Allowance.Rate != nil {
		t.Errorf("what was cleared is there: %+v", k)
	}
}

func TestOverrides(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	id, _ := w.addKey(t, config.VirtualKeyEdit{Name: ptr("k"), Grants: []config.GrantEdit{{Provider: "play", Allowance: budgets(usd(5, "1d"))}}})
	old := w.virtualKey(t, id).Grants[0].Allowance.Budgets[0]
	w.update(t, func(d *config.Draft) error { return d.SetOverride(id, old.ID, 2, 2, noon.Add(30*time.Hour)) })
	b := w.virtualKey(t, id).Grants[0].Allowance.Budgets[0]
	if old.Override != nil {
		t.Error("an older snapshot has changed")
	}
	for hours, want := range map[int]float64{0: 5, 23: 5, 24: 7, 71: 7, 72: 5, 100: 5} {
		if got := b.Effective(noon.Add(time.Duration(hours)*time.Hour), false); got != want {
			t.Errorf("after %d hours it is %v, want %v", hours, got, want)
		}
	}
	w.update(t, func(d *config.Draft) error { return d.SetOverride(id, old.ID, 0, 0, noon) })
	if w.virtualKey(t, id).Grants[0].Allowance.Budgets[0].Override != nil {
		t.Error("the override is still there")
	}
}

func TestKeysOfGrants(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	w.update(t, add("alpha", key("a1", canary), key("a2", canary)))
	keys := w.m.Snapshot().Provider("alpha").Keys
	id, _ := w.addKey(t, config.VirtualKeyEdit{Name: ptr("k"), Keys: &config.KeyList{List: []string{"a2"}}})
	want := config.KeyList{List: []string{keys[1].ID}}
	if g := w.virtualKey(t, id).Grants; len(g) != 1 || g[0].Provider != "alpha" || cmp.Diff(want, g[0].Keys) != "" {
		t.Errorf("grants: %+v", g)
	}
	w.update(t, func(d *config.Draft) error {
		return d.EditVirtualKey(id, noon, config.VirtualKeyEdit{Keys: &config.KeyList{List: []string{keys[0].ID}}})
	})
	want = config.KeyList{List: []string{keys[0].ID}}
	if g := w.virtualKey(t, id).Grants; cmp.Diff(want, g[0].Keys) != "" {
		t.Errorf("grants: %+v", g[0])
	}
}

func TestTeamsAndCustomers(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	var customer, team string
	w.update(t, func(d *config.Draft) (err error) {
		if customer, err = d.AddCustomer(config.SourceAPI, noon, config.OwnerEdit{Name: ptr("acme")}); err != nil {
			return err
		}
		team, err = d.AddTeam(config.SourceAPI, noon, config.OwnerEdit{Name: ptr("blue"), CustomerID: ptr("acme")})
		return err
	})
	id, _ := w.addKey(t, config.VirtualKeyEdit{Name: ptr("k"), TeamID: &team})
	w.update(t, func(d *config.Draft) error {
		return d.EditVirtualKey(id, noon, config.VirtualKeyEdit{CustomerID: &customer})
	})
	if k := w.virtualKey(t, id); k.TeamID != "" || k.CustomerID != customer {
		t.Errorf("the key belongs to team %q, customer %q", k.TeamID, k.CustomerID)
	}
	if got := w.m.Snapshot().Teams[0].CustomerID; got != customer {
		t.Errorf("the team's customer is %q", got)
	}
	w.update(t, func(d *config.Draft) error {
		keys, teams, err := d.DeleteCustomer(customer)
		if keys != 1 || teams != 1 {
			t.Errorf("%d keys and %d teams were freed", keys, teams)
		}
		return err
	})
	if s := w.m.Snapshot(); s.Teams[0].CustomerID != "" || s.VirtualKeys[0].CustomerID != "" || len(s.Customers) != 0 {
		t.Error("a deleted customer is still named")
	}
}

func TestWrongGovernanceIsRefused(t *testing.T) {
	named := func(e config.VirtualKeyEdit) func(*config.Draft) error {
		return func(d *config.Draft) error {
			if e.Name == nil {
				e.Name = ptr("x")
			}
			_, _, err := d.AddVirtualKey(config.SourceAPI, noon, e)
			return err
		}
	}
	at := `governance.virtual_keys["x"].`
	long := usd(1, "1d")
	long.Every = every("9999w")
	for _, c := range []struct {
		name, param string
		status      int
		edit        func(*config.Draft) error
	}{
		{"name that is taken", "name", 409, named(config.VirtualKeyEdit{Name: ptr("first")})},
		{"no name", `governance.virtual_keys[""].name`, 400, named(config.VirtualKeyEdit{Name: ptr(" ")})},
		{"value that is taken", "value", 409, named(config.VirtualKeyEdit{Value: ptr(config.NewSecret("sk-bf-first-value"))})},
		{"short value", at + "value", 400, named(config.VirtualKeyEdit{Value: ptr(config.NewSecret("abc"))})},
		{"value with a space", at + "value", 400, named(config.VirtualKeyEdit{Value: ptr(config.NewSecret("sk-bf-a b c d e"))})},
		{"shortened value", at + "value", 400, named(config.VirtualKeyEdit{Value: ptr(config.NewSecret("sk-bf-…abcd"))})},
		{"provider", at + "provider_configs[0].provider", 400, named(config.VirtualKeyEdit{Grants: []config.GrantEdit{{Provider: "nobody"}}})},
		{"provider twice", at + "provider_configs[1].provider", 400, named(config.VirtualKeyEdit{Grants: []config.GrantEdit{{Provider: "play"}, {Provider: "play"}}})},
		{"provider's key", at + "provider_configs[0].key_ids", 400, named(config.VirtualKeyEdit{Grants: []config.GrantEdit{{Provider: "play", Keys: &config.KeyList{List: []string{"none"}}}}})},
		{"key of no provider", at + "key_ids", 400, named(config.VirtualKeyEdit{Keys: &config.KeyList{List: []string{"none"}}})},
		{"team", at + "team_id", 400, named(config.VirtualKeyEdit{TeamID: ptr("none")})},
		{"customer", at + "customer_id", 400, named(config.VirtualKeyEdit{CustomerID: ptr("none")})},
		{"weight", at + "provider_configs[0].weight", 400, named(config.VirtualKeyEdit{Grants: []config.GrantEdit{{Provider: "play", Weight: ptr(ptr(-1.0))}}})},
		{"two budgets of a period", at + "budgets[1].reset_duration", 400, named(config.VirtualKeyEdit{Allowance: budgets(usd(1, "1M"), usd(2, "1M"))})},
		{"budget below nothing", at + "budgets[0].max_limit", 400, named(config.VirtualKeyEdit{Allowance: budgets(usd(-1, "1M"))})},
		{"budget without an amount", at + "budgets[0].max_limit", 400, named(config.VirtualKeyEdit{Allowance: budgets(config.BudgetEdit{Every: every("1d")})})},
		{"endless window", at + "budgets[0].reset_duration", 400, named(config.VirtualKeyEdit{Allowance: budgets(long)})},
		{"quarter of a rate", at + "rate_limit.token_reset_duration", 400, named(config.VirtualKeyEdit{Allowance: config.AllowanceEdit{Rate: &config.RateEdit{Tokens: &config.Quota{Max: 1, Every: every("1Q")}}}})},
		{"id of another budget", at + "budgets[0].id", 400, named(config.VirtualKeyEdit{Allowance: budgets(config.BudgetEdit{ID: "b-first", Max: ptr(1.0), Every: every("1d")})})},
		{"unknown key", "", 404, func(d *config.Draft) error { return d.EditVirtualKey("none", noon, config.VirtualKeyEdit{}) }},
		{"unknown team", "", 404, func(d *config.Draft) error { return d.EditTeam("none", noon, config.OwnerEdit{}) }},
		{"team's customer", `governance.teams["t"].customer_id`, 400, func(d *config.Draft) error {
			_, err := d.AddTeam(config.SourceAPI, noon, config.OwnerEdit{Name: ptr("t"), CustomerID: ptr("none")})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.start(t, nil)
			w.addKey(t, config.VirtualKeyEdit{Name: ptr("first"), Value: ptr(config.NewSecret("sk-bf-first-value")), Allowance: budgets(config.BudgetEdit{ID: "b-first", Max: ptr(1.0), Every: every("1d")})})
			var e *llm.Error
			if err := w.m.Update(t.Context(), c.edit); !errors.As(err, &e) || e.Param != c.param || e.Status != c.status {
				t.Fatalf("%v", err)
			}
		})
	}
}

func TestDeletingAProviderIsPossibleThatAKeyNames(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	w.update(t, add("alpha", key("a1", canary)))
	w.addKey(t, config.VirtualKeyEdit{Name: ptr("k"), Grants: []config.GrantEdit{{Provider: "alpha"}}})
	w.update(t, func(d *config.Draft) error { return d.DeleteProvider("alpha") })
	problems := w.m.Snapshot().Problems
	if len(problems) != 1 || problems[0].Path != `governance.virtual_keys["k"].provider_configs[0].provider` {
		t.Errorf("problems: %v", problems)
	}
}

func TestAnAuthoritativeFileRemovesOtherHolders(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	w.addKey(t, config.VirtualKeyEdit{Name: ptr("other")})
	w.update(t, func(d *config.Draft) error {
		_, err := d.AddTeam(config.SourceAPI, noon, config.OwnerEdit{Name: ptr("team")})
		return err
	})
	f := &config.File{Authoritative: true, Holders: []string{config.HolderVirtualKey}, Pieces: []config.Piece{{
		ID: "virtual_key/mine", Content: []byte("1"),
		Apply: func(d *config.Draft) error {
			return d.PutVirtualKey(config.SourceFile, noon, config.VirtualKeyEdit{Name: ptr("mine")})
		},
	}}}
	s := w.start(t, f).Snapshot()
	if len(s.VirtualKeys) != 1 || s.VirtualKeys[0].Name != "mine" || len(s.Teams) != 1 {
		t.Errorf("after the file: %+v %+v", s.VirtualKeys, s.Teams)
	}
}

// A virtual key works without the keychain: only the copy of its value is missing.
func TestALockedKeychainCostsTheCopyOnly(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	w.chain.locked = func(string) bool { return true }
	name := "ci"
	id, _ := w.addKey(t, config.VirtualKeyEdit{Name: &name})
	if k := w.virtualKey(t, id); k.Hash == "" || k.Sealed != "" {
		t.Errorf("%+v", k)
	}
	if _, err := w.m.VirtualKeyValue(id); err == nil {
		t.Error("there is a copy")
	}
}

// A file that has the value is no reason to open a keychain; a value that we make is.
func TestTheFilesValueIsNotCopied(t *testing.T) {
	for _, c := range []struct {
		name   string
		value  *config.Secret
		copied bool
	}{{"given", ptr(config.NewSecret("sk-bf-0123456789abcdef")), false}, {"made", nil, true}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			s := w.start(t, &config.File{Pieces: []config.Piece{{ID: "virtual_key/mine", Content: []byte("1"), Apply: func(d *config.Draft) error {
				return d.PutVirtualKey(config.SourceFile, noon, config.VirtualKeyEdit{Name: ptr("mine"), Value: c.value})
			}}}}).Snapshot()
			if len(s.VirtualKeys) != 1 || s.VirtualKeys[0].Hash == "" || (s.VirtualKeys[0].Sealed != "") != c.copied {
				t.Errorf("%+v", s.VirtualKeys)
			}
			if got := len(w.chain.items) > 0; got != c.copied {
				t.Errorf("the keychain was written: %t", got)
			}
		})
	}
}
