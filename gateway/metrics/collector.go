package metrics

import "github.com/prometheus/client_golang/prometheus"

// collected reports whether a metric's values are asked for when somebody reads them.
func (m metric) collected() bool { return m == keyUp || m == logDropped }

func (m metric) desc() *prometheus.Desc {
	d := &catalogue[m]
	return prometheus.NewDesc(d.name, d.help, d.labels, nil)
}

var keyUpDesc, logDroppedDesc = keyUp.desc(), logDropped.desc()

// collector gives what others know.
type collector struct{ Options }

func (collector) Describe(to chan<- *prometheus.Desc) {
	to <- keyUpDesc
	to <- logDroppedDesc
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	if c.Keys != nil {
		for _, k := range c.Keys() {
			up := 0.0
			if k.Up {
				up = 1
			}
			to <- prometheus.MustNewConstMetric(keyUpDesc, prometheus.GaugeValue, up, own(k.Provider), own(k.ID), own(k.Name))
		}
	}
	if c.Dropped != nil {
		records, bodies := c.Dropped()
		to <- prometheus.MustNewConstMetric(logDroppedDesc, prometheus.CounterValue, float64(records), "records")
		to <- prometheus.MustNewConstMetric(logDroppedDesc, prometheus.CounterValue, float64(bodies), "bodies")
	}
}
