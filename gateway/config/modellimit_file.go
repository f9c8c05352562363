package config

import (
	"slices"
)

// More kinds for File.Holders: the pieces of these have the id of what they describe behind the slash or, without one,
// its name; that of a model's limits is LimitName's.
const (
	HolderModel    = kindModelLimit
	HolderProvider = kindProviderLimit
	HolderPrice    = kindPrice
)

// LimitName names the limits of a model that have no id.
func LimitName(model, provider, key string) string { return model + " " + provider + " " + key }

// dropLimits removes the limits and prices that the file has a section of and does not name.
func (d *Draft) dropLimits(f *File) {
	wanted := map[string]bool{}
	for _, p := range f.Pieces {
		wanted[p.ID] = true
	}
	if slices.Contains(f.Holders, HolderModel) {
		d.ModelLimits = slices.DeleteFunc(d.ModelLimits, func(l *ModelLimit) bool {
			name := l.Key
			if k := d.findVirtualKey(l.Key); k != nil {
				name = k.Name
			}
			return !wanted[HolderModel+"/"+l.ID] && !wanted[HolderModel+"/"+LimitName(l.Model, l.Provider, l.Key)] && !wanted[HolderModel+"/"+LimitName(l.Model, l.Provider, name)]
		})
	}
	if slices.Contains(f.Holders, HolderProvider) {
		d.ProviderLimits = slices.DeleteFunc(d.ProviderLimits, func(l *ProviderLimit) bool { return !wanted[HolderProvider+"/"+l.Provider] })
	}
	if slices.Contains(f.Holders, HolderPrice) {
		d.Prices = slices.DeleteFunc(d.Prices, func(p *PriceOverride) bool {
			return !wanted[HolderPrice+"/"+p.ID] && !wanted[HolderPrice+"/"+p.Name]
		})
	}
}
