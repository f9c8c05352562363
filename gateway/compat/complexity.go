package compat

import (
	"heimdall/gateway/config"
)

// Complexity reads the body of PUT /api/routing/complexity: what is left out stays.
func (d *Decoder) Complexity(body []byte) (config.ComplexityEdit, error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return config.ComplexityEdit{}, err
	}
	return complexityEdit(o), config.Invalid(r.errors)
}

func complexityEdit(o *object) (e config.ComplexityEdit) {
	if b, _ := o.child("tier_boundaries"); b != nil {
		for name, to := range map[string]**float64{
			"simple_medium": &e.SimpleMedium, "medium_complex": &e.MediumComplex, "complex_reasoning": &e.ComplexReasoning,
		} {
			var n float64
			if b.number(name, &n) {
				*to = &n
			}
		}
		b.done()
	}
	if k, _ := o.child("keywords"); k != nil {
		for name, to := range map[string]*[]string{"code": &e.Code, "reasoning": &e.Reasoning, "technical": &e.Technical, "simple": &e.Simple} {
			keywords(k, name, to)
			keywords(k, name+"_keywords", to)
		}
		k.done()
	}
	for _, name := range []string{"semantic", "llm"} {
		o.neutral("is not served by this version, which grades requests by their words", name)
	}
	o.done()
	return e
}

// keywords reads a list, under its newest name or the old one.
func keywords(o *object, name string, to *[]string) {
	var list []string
	if _, given := o.value(name); given && o.list(name, &list) {
		*to = append([]string{}, list...)
	}
}

// complexity reads governance.complexity_analyzer_config. A file that decides says all of it: what it leaves out is as
// built in.
func (p *fileParser) complexity(o *object) {
	g, _ := o.child("governance")
	if g == nil {
		return
	}
	c, _ := g.child("complexity_analyzer_config")
	if c == nil {
		return
	}
	e := complexityEdit(c)
	p.piece("complexity", c.fields, false, func(d *config.Draft) error {
		if p.file.Authoritative {
			d.ResetComplexity()
		}
		return d.EditComplexity(e)
	})
}
