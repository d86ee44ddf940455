package main

import (
	"context"
	"encoding/json"
	"io"

	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// subscribe asks whether a channel of Grafana Live may be listened to.
func (h *host) subscribe(ctx context.Context, s step) (map[string]any, error) {
	answer, err := h.stream.SubscribeStream(ctx, &pluginv2.SubscribeStreamRequest{
		PluginContext: pluginContext(s),
		Path:          s.Path,
		Data:          s.Body,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"status": answer.Status.String()}, nil
}

// publish asks whether a browser may publish.
func (h *host) publish(ctx context.Context, s step) (map[string]any, error) {
	answer, err := h.stream.PublishStream(ctx, &pluginv2.PublishStreamRequest{
		PluginContext: pluginContext(s),
		Path:          s.Path,
		Data:          s.Body,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"status": answer.Status.String()}, nil
}

// runStream listens until the packet that says that it is the last one, then leaves as Grafana does: by cancelling.
func (h *host) runStream(ctx context.Context, s step) (map[string]any, error) {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	stream, err := h.stream.RunStream(ctx, &pluginv2.RunStreamRequest{
		PluginContext: pluginContext(s),
		Path:          s.Path,
		Data:          s.Body,
	})
	if err != nil {
		return nil, err
	}
	var packets []json.RawMessage
	for {
		packet, err := stream.Recv()
		if err == io.EOF {
			return map[string]any{"packets": packets, "ended": true}, nil
		}
		if err != nil {
			return nil, err
		}
		packets = append(packets, packet.Data)
		var frame struct {
			Schema struct {
				Meta struct {
					Custom struct {
						Done bool `json:"done"`
					} `json:"custom"`
				} `json:"meta"`
			} `json:"schema"`
		}
		if err := json.Unmarshal(packet.Data, &frame); err != nil {
			return nil, err
		}
		if frame.Schema.Meta.Custom.Done {
			return map[string]any{"packets": packets, "ended": false}, nil
		}
	}
}
