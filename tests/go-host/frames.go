package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/grafana/dataplane/sdata/numeric"
	"github.com/grafana/dataplane/sdata/timeseries"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// queryData asks, decodes every frame with the SDK, and reads typed frames as Grafana's alerting does.
func (h *host) queryData(ctx context.Context, s step) (map[string]any, error) {
	request := &pluginv2.QueryDataRequest{PluginContext: pluginContext(s), Headers: s.Headers}
	for _, q := range s.Queries {
		request.Queries = append(request.Queries, &pluginv2.DataQuery{
			RefId:         q.RefID,
			Json:          q.JSON,
			IntervalMS:    q.IntervalMS,
			MaxDataPoints: 1000,
			TimeRange:     &pluginv2.TimeRange{FromEpochMS: q.From, ToEpochMS: q.To},
		})
	}
	answer, err := h.data.QueryData(ctx, request)
	if err != nil {
		return nil, err
	}
	responses := map[string]any{}
	for refID, response := range answer.Responses {
		decoded := map[string]any{
			"status":      response.Status,
			"error":       response.Error,
			"errorSource": response.ErrorSource,
		}
		var frames data.Frames
		var shown []json.RawMessage
		for i, encoded := range response.Frames {
			frame, err := data.UnmarshalArrowFrame(encoded)
			if err != nil {
				return nil, fmt.Errorf("%s frame %d: %w", refID, i, err)
			}
			text, err := data.FrameToJSON(frame, data.IncludeAll)
			if err != nil {
				return nil, fmt.Errorf("%s frame %d: %w", refID, i, err)
			}
			frames = append(frames, frame)
			shown = append(shown, text)
		}
		decoded["frames"] = shown
		if contract, err := readTyped(frames); err != nil {
			decoded["contract"] = "invalid: " + err.Error()
		} else if contract != "" {
			decoded["contract"] = contract
		}
		responses[refID] = decoded
	}
	return map[string]any{"responses": responses}, nil
}

// readTyped reads frames that say their type by Grafana's dataplane contract. It returns what was read, in words.
func readTyped(frames data.Frames) (string, error) {
	if len(frames) == 0 || frames[0].Meta == nil || frames[0].Meta.Type == "" {
		return "", nil
	}
	switch kind := frames[0].Meta.Type; {
	case kind.IsTimeSeries():
		reader, err := timeseries.CollectionReaderFromFrames(frames)
		if err != nil {
			return "", err
		}
		collection, err := reader.GetCollection(true)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s: %d series", kind, len(collection.Refs)), collection.Warning
	case kind.IsNumeric():
		reader, err := numeric.CollectionReaderFromFrames(frames)
		if err != nil {
			return "", err
		}
		collection, err := reader.GetCollection(false)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s: %d numbers", kind, len(collection.Refs)), collection.Warning
	default:
		return "", fmt.Errorf("unknown frame type %s", kind)
	}
}
