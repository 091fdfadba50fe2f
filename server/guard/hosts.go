package guard

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
)

// hosts are the names by which a server may be asked. A page of somebody else's that had its
// own name lead here (DNS rebinding) asks by that name, and is refused; an address is not a
// name that can be led elsewhere.
type hosts struct {
	names    []string // lower case
	loopback bool     // of addresses, only those of this machine
}

func newHosts(names []string, loopback bool) hosts {
	h := hosts{loopback: loopback, names: []string{"localhost"}}
	for _, n := range names {
		h.names = append(h.names, strings.ToLower(strings.TrimSuffix(n, ".")))
	}
	if own, err := os.Hostname(); err == nil && !loopback {
		h.names = append(h.names, strings.ToLower(own))
	}
	return h
}

// knows says whether host, with a port or without, is one of the names.
func (h hosts) knows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || !h.loopback && ip.Zone() == ""
	}
	return slices.Contains(h.names, strings.ToLower(strings.TrimSuffix(host, ".")))
}

// foreign says why a request does not come from a page of this server's, or from a program;
// "" where it does. No other page may ask, so that there is nothing to allow (CORS).
func (h hosts) foreign(r *http.Request) string {
	if !h.knows(r.Host) {
		return "this server is not known by the name in Host: ask it by its address, or name it with --host"
	}
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		u, err := url.Parse(origins[0])
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		// A proxy before the server may speak TLS in its place, for a name.
		if len(origins) > 1 || err != nil || !strings.EqualFold(u.Host, r.Host) || u.Scheme != scheme && u.Scheme != "https" {
			return "pages of other origins may not ask this server"
		}
		return ""
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return ""
	}
	// A link that leads here is followed; nothing here is a part of another's page.
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" {
		return ""
	}
	return "pages of other sites may not ask this server"
}
