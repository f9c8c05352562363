package config

import "slices"

// Kinds of those who hold an allowance, as File.Holders names them. A piece's ID begins with one and a slash; the
// holder's name follows.
const (
	HolderVirtualKey = kindVirtualKey
	HolderTeam       = kindTeam
	HolderCustomer   = kindCustomer
)

// holders checks virtual keys, teams and customers.
func (v *validator) holders() {
	for _, c := range v.draft.Customers {
		v.owner("customer", c)
	}
	for _, t := range v.draft.Teams {
		v.owner("team", t)
	}
	for _, k := range v.draft.VirtualKeys {
		v.virtualKey(k)
	}
}

// lostByHolders names what virtual keys and teams mean and is not there.
func (d *Draft) lostByHolders() (lost []Problem) {
	for _, k := range d.VirtualKeys {
		lost = append(lost, d.lostByKey(k)...)
	}
	for _, t := range d.Teams {
		lost = append(lost, d.lostByOwner("team", t)...)
	}
	return lost
}

// dropHolders removes the holders that the file has a section of and does not name.
func (d *Draft) dropHolders(f *File) {
	wanted := map[string]bool{}
	for _, p := range f.Pieces {
		wanted[p.ID] = true
	}
	if slices.Contains(f.Holders, HolderVirtualKey) {
		d.VirtualKeys = slices.DeleteFunc(d.VirtualKeys, func(k *VirtualKey) bool { return !wanted[HolderVirtualKey+"/"+k.Name] })
	}
	other := func(kind string, list []*Owner) (ids []string) {
		if !slices.Contains(f.Holders, kind) {
			return nil
		}
		for _, o := range list {
			if !wanted[kind+"/"+o.Name] {
				ids = append(ids, o.ID)
			}
		}
		return ids
	}
	for _, id := range other(HolderTeam, d.Teams) {
		d.DeleteTeam(id)
	}
	for _, id := range other(HolderCustomer, d.Customers) {
		d.DeleteCustomer(id)
	}
}
