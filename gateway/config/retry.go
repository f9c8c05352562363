package config

import "time"

// What counts where a provider's network says nothing of retries.
const (
	DefaultRetries      = 2
	DefaultRetryInitial = 500 * time.Millisecond
	DefaultRetryMax     = 5 * time.Second
)

const (
	maxRetries    = 10
	shortestPause = 100 * time.Millisecond
	longestPause  = 10 * time.Minute
)

// RetryPolicy says how often a failed call is tried again at most, and the first and the longest pause before that.
func (n Network) RetryPolicy() (retries int, initial, longest time.Duration) {
	retries, initial, longest = DefaultRetries, n.RetryInitial, n.RetryMax
	if n.Retries != nil {
		retries = *n.Retries
	}
	if initial == 0 {
		initial = DefaultRetryInitial
	}
	if longest == 0 {
		longest = DefaultRetryMax
	}
	return retries, initial, longest
}

// dropDefaults stores what counts anyway as nothing, so that what is read and written back changes nothing.
func (n *Network) dropDefaults() {
	if n.Retries != nil && *n.Retries == DefaultRetries {
		n.Retries = nil
	}
	if n.RetryInitial == DefaultRetryInitial {
		n.RetryInitial = 0
	}
	if n.RetryMax == DefaultRetryMax {
		n.RetryMax = 0
	}
}

func (v *validator) retries(n Network, at string) {
	retries, initial, longest := n.RetryPolicy()
	v.between(at+".max_retries", retries, 0, maxRetries)
	switch {
	case initial < shortestPause || initial > longestPause:
		v.say(at+".retry_backoff_initial", "must be 0 (the default, %d) or between %d and %d milliseconds", DefaultRetryInitial.Milliseconds(), shortestPause.Milliseconds(), longestPause.Milliseconds())
	case longest < shortestPause || longest > longestPause:
		v.say(at+".retry_backoff_max", "must be 0 (the default, %d) or between %d and %d milliseconds", DefaultRetryMax.Milliseconds(), shortestPause.Milliseconds(), longestPause.Milliseconds())
	case initial > longest:
		v.say(at+".retry_backoff_initial", "must be at most retry_backoff_max, %d milliseconds", longest.Milliseconds())
	}
}
