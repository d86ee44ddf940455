"""TabFormer (Padhi et al. 2021), written anew after its paper: GPT-2 over flattened rows of quantised fields.

As in the paper each field has its own vocabulary, continuous ones are cut into groups of equal size, the rows of a series are
flattened, and the loss at a place is over the vocabulary of the field that stands there. Smaller than the authors' GPT-2 (12
layers of 768): LAYERS of WIDTH, trained from scratch for FIT_SECONDS or EPOCHS, whichever is first. A series is a whole trace
where theirs are ten rows. Needs torch and transformers; runs on a GPU if there is one.
"""

import os
import sys
import time

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from fitted import main, network_bytes
from sequences import BEGIN, PAD, Sequences

WIDTH = int(os.environ.get("WIDTH", "384"))
LAYERS = int(os.environ.get("LAYERS", "6"))
EPOCHS = int(os.environ.get("EPOCHS", "25"))
BATCH_TOKENS = int(os.environ.get("BATCH_TOKENS", "32768"))
RATE = 8e-4
WARM = 0.03
DRAWN_AT_ONCE = 3600
HELD_OUT = 0.02
CROWD = 0.85


def batches(sequences, random):
    """Padded batches of sequences of about equal length, in random order."""
    order = random.permutation(len(sequences))
    lengths = np.array([len(sequence) for sequence in sequences])
    order = order[np.argsort(lengths[order] + random.integers(0, 24, len(order)), kind="stable")]
    groups, group, longest = [], [], 0
    for at in order:
        longest = max(longest, lengths[at])
        if group and longest * (len(group) + 1) > BATCH_TOKENS:
            groups.append(group)
            group, longest = [], lengths[at]
        group.append(at)
    groups.append(group)
    for at in random.permutation(len(groups)):
        group = groups[at]
        batch = np.full((len(group), lengths[group].max()), PAD)
        for row, i in enumerate(group):
            batch[row, : lengths[i]] = sequences[i]
        yield torch.from_numpy(batch)


class TabFormer:
    def __init__(self, rows, seed, device):
        self.sequences = Sequences(rows)
        self.device = device
        torch.manual_seed(seed)
        self.random = np.random.default_rng(seed)
        self.places = 3 + len(self.sequences.fields) * int(rows.lengths.max())
        self.network = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=self.sequences.tokens,
                n_positions=self.places,
                n_embd=WIDTH,
                n_layer=LAYERS,
                n_head=max(1, WIDTH // 64),
                bos_token_id=0,
                eos_token_id=self.sequences.end,
            )
        ).to(device)
        period = len(self.sequences.fields)
        allowed = torch.zeros(period + 1, self.sequences.tokens, dtype=torch.bool)
        for place in range(1, period + 2):
            first, count = self.sequences.range_at(place)
            allowed[place - 1, first : first + count] = True
        # Which row of `allowed` holds for the token that follows each place.
        follows = torch.tensor([0, *((place - 1) % period + 1 for place in range(1, self.places))])
        self.barred = (~allowed).to(device)
        self.follows = follows.to(device)

    def loss(self, batch):
        hidden = self.network.transformer(batch[:, :-1]).last_hidden_state
        wanted = batch[:, 1:]
        here = wanted != PAD
        logits = self.network.lm_head(hidden[here]).float()
        barred = self.barred[self.follows[: wanted.shape[1]].expand(len(batch), -1)[here]]
        return torch.nn.functional.cross_entropy(logits.masked_fill(barred, float("-inf")), wanted[here])

    def auto(self):
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda")

    def fit(self, seconds):
        """Trains until the rate has fallen to 0 at the end of the time or the epochs, and gives what there is to tell."""
        encoded = self.sequences.encode()
        order = self.random.permutation(len(encoded))
        held = [encoded[i] for i in order[: int(len(encoded) * HELD_OUT)]]
        shown = [encoded[i] for i in order[int(len(encoded) * HELD_OUT) :]]
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=RATE, betas=(0.9, 0.95), weight_decay=0.05)
        began, steps, epoch, done = time.time(), 0, 0, 0.0
        self.network.train()
        while done < 1:
            groups = list(batches(shown, self.random))
            for i, batch in enumerate(groups):
                done = min(1.0, max((time.time() - began) / seconds, (epoch + i / len(groups)) / EPOCHS))
                if done >= 1:
                    break
                rate = RATE * min(done / WARM, 0.5 + 0.5 * np.cos(np.pi * done), 1.0)
                for group in optimiser.param_groups:
                    group["lr"] = max(rate, 1e-6)
                with self.auto():
                    loss = self.loss(batch.to(self.device))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
                optimiser.step()
                steps += 1
            epoch += 1
        self.network.eval()
        with torch.no_grad(), self.auto():
            lost = [float(self.loss(batch.to(self.device))) for batch in batches(held, self.random)] if held else []
        return {
            "parameters": sum(p.numel() for p in self.network.parameters()),
            "steps": steps,
            "epochs": round(epoch - 1 + i / len(groups), 2),
            "seconds": round(time.time() - began, 1),
            "loss": round(float(loss.detach()), 4),
            "held_out_loss": round(float(np.mean(lost)), 4) if lost else None,
            **network_bytes(self.network),
        }

    @torch.no_grad()
    def sample(self, count):
        """Rows of `count` traces."""
        sequences, most = [], DRAWN_AT_ONCE
        while len(sequences) < count:
            try:
                sequences.extend(self._draw(min(most, count - len(sequences))))
            except torch.OutOfMemoryError:
                # Other programs may use the same device.
                most = max(1, most // 2)
                torch.cuda.empty_cache()
        return self.sequences.decode(sequences, int(self.random.integers(2**31)))

    def _draw(self, count):
        token = torch.zeros(count, 1, dtype=torch.long, device=self.device)
        drawn = torch.full((count, self.places), PAD, dtype=torch.long, device=self.device)
        drawn[:, 0] = BEGIN
        rows = torch.arange(count, device=self.device)
        open_ = torch.ones(count, dtype=torch.bool, device=self.device)
        past = None
        # The last place can only hold the end.
        for place in range(1, self.places - 1):
            with self.auto():
                out = self.network.transformer(token, past_key_values=past, use_cache=True)
            past = out.past_key_values
            first, size = self.sequences.range_at(place)
            logits = out.last_hidden_state[:, -1].float() @ self.network.lm_head.weight[first : first + size].float().T
            token = torch.multinomial(logits.softmax(-1), 1) + first
            drawn[rows[open_], place] = token[open_, 0]
            if self.sequences.field_at(place) == "chain":
                open_ &= token[:, 0] != self.sequences.end
                left = int(open_.sum())
                if left == 0:
                    break
                # Ended traces are dropped now and then, since that copies what the network remembers.
                if left < CROWD * len(open_):
                    keep = torch.nonzero(open_)[:, 0]
                    rows, token, open_ = rows[keep], token[keep], open_[keep]
                    past.batch_select_indices(keep)
        return [sequence[sequence != PAD] for sequence in drawn.cpu().numpy()]


def fit(rows, seed, seconds):
    model = TabFormer(rows, seed, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    notes = model.fit(seconds)
    if model.device.type == "cuda":
        torch.cuda.empty_cache()
    began = time.time()
    drawn = model.sample(len(rows.lengths))
    drawn.notes = {**notes, "drawing_seconds": round(time.time() - began, 1)}
    return drawn


if __name__ == "__main__":
    main(fit)
