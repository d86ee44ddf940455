// Command go-host runs a plugin the way Grafana does, with the same libraries, and prints what it saw as JSON.
// It reads a script (JSON) from stdin: the command to start, its environment, and the steps to take.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
)

type script struct {
	Command string            `json:"command"`
	Env     map[string]string `json:"env"`
	Steps   []step            `json:"steps"`
}

type step struct {
	// Do is ping, health, metrics, resource, query, subscribe, publish or stream.
	Do       string            `json:"do"`
	JSONData json.RawMessage   `json:"jsonData"`
	Secure   map[string]string `json:"secure"`
	Path     string            `json:"path"`
	URL      string            `json:"url"`
	Queries  []query           `json:"queries"`
	Headers  map[string]string `json:"headers"`
	// Method of a resource; GET when empty.
	Method string `json:"method"`
	// Body of a resource, or the data of a stream.
	Body []byte `json:"body"`
	// Role of the user who asks; nobody when empty.
	Role string `json:"role"`
}

type query struct {
	RefID      string          `json:"refId"`
	JSON       json.RawMessage `json:"json"`
	From       int64           `json:"from"`
	To         int64           `json:"to"`
	IntervalMS int64           `json:"intervalMs"`
}

type report struct {
	StartMS    int64            `json:"startMs"`
	Error      string           `json:"error,omitempty"`
	Steps      []map[string]any `json:"steps"`
	KillMS     int64            `json:"killMs"`
	Graceful   bool             `json:"graceful"`
	LogRecords []map[string]any `json:"logs"`
}

// records keeps what go-plugin made of the plugin's stderr.
type records struct {
	hclog.Logger
	mu   sync.Mutex
	list []map[string]any
}

func (r *records) add(level, msg string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fields := map[string]any{"level": level, "message": msg}
	for i := 0; i+1 < len(args); i += 2 {
		fields[fmt.Sprint(args[i])] = fmt.Sprint(args[i+1])
	}
	r.list = append(r.list, fields)
}

func (r *records) Trace(msg string, args ...any) {}
func (r *records) Debug(msg string, args ...any) { r.add("debug", msg, args) }
func (r *records) Info(msg string, args ...any)  { r.add("info", msg, args) }
func (r *records) Warn(msg string, args ...any)  { r.add("warn", msg, args) }
func (r *records) Error(msg string, args ...any) { r.add("error", msg, args) }
func (r *records) Named(string) hclog.Logger     { return r }

func main() {
	var s script
	if err := json.NewDecoder(os.Stdin).Decode(&s); err != nil {
		fmt.Fprintln(os.Stderr, "script:", err)
		os.Exit(2)
	}
	out := run(s)
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(2)
	}
}

func run(s script) (out report) {
	log := &records{Logger: hclog.NewNullLogger()}
	cmd := exec.Command(s.Command)
	for key, value := range s.Env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	client := goplugin.NewClient(&goplugin.ClientConfig{
		Cmd: cmd,
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion:  grpcplugin.ProtocolVersion,
			MagicCookieKey:   grpcplugin.MagicCookieKey,
			MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]goplugin.PluginSet{
			grpcplugin.ProtocolVersion: {
				"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
				"resource":    &grpcplugin.ResourceGRPCPlugin{},
				"data":        &grpcplugin.DataGRPCPlugin{},
				"stream":      &grpcplugin.StreamGRPCPlugin{},
			},
		},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		SkipHostEnv:      true,
		Logger:           log,
	})
	begin := time.Now()
	protocol, err := client.Client()
	out.StartMS = time.Since(begin).Milliseconds()
	if err != nil {
		out.Error = err.Error()
		return out
	}
	h := &host{protocol: protocol}
	if err := h.dispense(); err != nil {
		out.Error = err.Error()
	} else {
		for _, step := range s.Steps {
			result, err := h.take(step)
			if err != nil {
				result = map[string]any{"failed": err.Error()}
			}
			out.Steps = append(out.Steps, result)
		}
	}
	begin = time.Now()
	client.Kill()
	out.KillMS = time.Since(begin).Milliseconds()
	log.mu.Lock()
	defer log.mu.Unlock()
	out.Graceful = true
	for _, record := range log.list {
		if record["message"] == "plugin failed to exit gracefully" {
			out.Graceful = false
		}
	}
	out.LogRecords = log.list
	return out
}

type host struct {
	protocol    goplugin.ClientProtocol
	diagnostics grpcplugin.DiagnosticsClient
	resource    grpcplugin.ResourceClient
	data        grpcplugin.DataClient
	stream      grpcplugin.StreamClient
}

func dispense[T any](protocol goplugin.ClientProtocol, name string) (T, error) {
	var none T
	raw, err := protocol.Dispense(name)
	if err != nil {
		return none, fmt.Errorf("dispense %s: %w", name, err)
	}
	client, ok := raw.(T)
	if !ok {
		return none, fmt.Errorf("dispense %s: got %T", name, raw)
	}
	return client, nil
}

func (h *host) dispense() (err error) {
	if h.diagnostics, err = dispense[grpcplugin.DiagnosticsClient](h.protocol, "diagnostics"); err != nil {
		return err
	}
	if h.resource, err = dispense[grpcplugin.ResourceClient](h.protocol, "resource"); err != nil {
		return err
	}
	if h.data, err = dispense[grpcplugin.DataClient](h.protocol, "data"); err != nil {
		return err
	}
	h.stream, err = dispense[grpcplugin.StreamClient](h.protocol, "stream")
	return err
}

func pluginContext(s step) *pluginv2.PluginContext {
	var user *pluginv2.User
	if s.Role != "" {
		user = &pluginv2.User{Login: "someone", Role: s.Role}
	}
	return &pluginv2.PluginContext{
		OrgId:    1,
		User:     user,
		PluginId: "gent-traces-datasource",
		DataSourceInstanceSettings: &pluginv2.DataSourceInstanceSettings{
			Uid:                     "gent",
			Name:                    "GenT",
			JsonData:                s.JSONData,
			DecryptedSecureJsonData: s.Secure,
			LastUpdatedMS:           1,
		},
	}
}

func (h *host) take(s step) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch s.Do {
	case "ping":
		return map[string]any{"ok": true}, h.protocol.Ping()
	case "health":
		answer, err := h.diagnostics.CheckHealth(ctx, &pluginv2.CheckHealthRequest{PluginContext: pluginContext(s)})
		if err != nil {
			return nil, err
		}
		result := backend.FromProto().CheckHealthResponse(answer)
		return map[string]any{
			"status":  result.Status.String(),
			"message": result.Message,
			"details": json.RawMessage(result.JSONDetails),
		}, nil
	case "metrics":
		answer, err := h.diagnostics.CollectMetrics(ctx, &pluginv2.CollectMetricsRequest{})
		if err != nil {
			return nil, err
		}
		return map[string]any{"text": string(answer.GetMetrics().GetPrometheus())}, nil
	case "resource":
		return h.callResource(ctx, s)
	case "query":
		return h.queryData(ctx, s)
	case "subscribe":
		return h.subscribe(ctx, s)
	case "publish":
		return h.publish(ctx, s)
	case "stream":
		return h.runStream(ctx, s)
	}
	return nil, fmt.Errorf("no step %q", s.Do)
}

func (h *host) callResource(ctx context.Context, s step) (map[string]any, error) {
	method := s.Method
	if method == "" {
		method = "GET"
	}
	stream, err := h.resource.CallResource(ctx, &pluginv2.CallResourceRequest{
		PluginContext: pluginContext(s),
		Path:          s.Path,
		Url:           s.URL,
		Method:        method,
		Body:          s.Body,
	})
	if err != nil {
		return nil, err
	}
	var code int32
	var body []byte
	for first := true; ; first = false {
		message, err := stream.Recv()
		if err == io.EOF {
			return map[string]any{"code": code, "body": json.RawMessage(body)}, nil
		}
		if err != nil {
			return nil, err
		}
		if first {
			code = message.Code
		}
		body = append(body, message.Body...)
	}
}
