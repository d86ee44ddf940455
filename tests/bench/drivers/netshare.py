"""NetShare (Yin et al. 2022), written anew after its paper and its published settings: DoppelGANger over traces as flows.

As in Gen-T's comparison a trace is a flow: its metadata is the start, its measurements are rows (chain, gap, duration, error,
attributes). A network of fully connected layers draws the metadata; an LSTM given them draws GROUP rows at a time, each with a
flag that says whether rows follow; WGAN-GP with one critic for both and one for the metadata alone. Times are scaled to 0..1 in
log1p, as NetShare does with durations and bytes of flows. Not here: parts of the time trained one from another, training with
privacy. The authors' default is 40 epochs in batches of 100. Needs torch; runs on a GPU if there is one.
"""

import os
import time

import numpy as np
import torch
from torch import nn

from fitted import main, network_bytes
from rows import LEVELS, TIMES

EPOCHS = float(os.environ.get("EPOCHS", "200"))
BATCH = int(os.environ.get("BATCH", "100"))
GROUP = 5
NOISE = 5
UNITS, LAYERS = 512, 5
LSTM_UNITS = 100
CRITIC_ROUNDS = 5
PENALTY = 10.0
RATE, BETAS = 1e-4, (0.5, 0.999)


def dense(inputs, outputs, normed=False):
    """LAYERS layers; Glorot's start and no bias, as in the original."""
    layers = []
    for _ in range(LAYERS - 1):
        layers += [nn.Linear(inputs, UNITS), nn.ReLU(), *([nn.BatchNorm1d(UNITS)] if normed else [])]
        inputs = UNITS
    layers.append(nn.Linear(inputs, outputs))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


class Generator(nn.Module):
    def __init__(self, widths, steps):
        super().__init__()
        self.widths, self.steps = widths, steps
        self.start = dense(NOISE, 1, normed=True)
        self.lstm = nn.LSTM(1 + NOISE, LSTM_UNITS, batch_first=True)
        self.rows = nn.Linear(LSTM_UNITS, GROUP * sum(widths))

    def forward(self, count, device):
        """Starts in -1..1 and rows, which are 0 behind the last one: (count, 1), (count, steps * GROUP, sum(widths))."""
        start = torch.tanh(self.start(torch.randn(count, NOISE, device=device)))
        noise = torch.randn(count, self.steps, NOISE, device=device)
        state = tuple(torch.randn(1, count, LSTM_UNITS, device=device) for _ in range(2))
        given = start.detach()[:, None].expand(-1, self.steps, -1)
        out, _ = self.lstm(torch.cat([given, noise], 2), state)
        raw = self.rows(out).reshape(count, self.steps * GROUP, sum(self.widths))
        # A field of one number lies in 0..1; others are shares of values. The last two say whether the row is there.
        parts = [
            torch.sigmoid(part) if part.shape[2] == 1 else torch.softmax(part, 2) for part in raw.split(self.widths, 2)
        ]
        there = (parts[-1][:, :, 0] > 0.5).reshape(count, self.steps, GROUP).all(2).int().cumprod(1)
        there = torch.cat([torch.ones_like(there[:, :1]), there[:, :-1]], 1)
        return start, torch.cat(parts, 2) * there.repeat_interleave(GROUP, 1)[:, :, None]


class NetShare:
    def __init__(self, rows, seed, device):
        torch.manual_seed(seed)
        self.random = np.random.default_rng(seed)
        self.rows, self.device = rows, device
        self.constant = {name: int(code[0]) for name, code in rows.codes.items() if (code == code[0]).all()}
        self.fields = [name for name in rows.codes if name not in self.constant]
        sizes = rows.sizes()
        self.widths = [*(1 if name in TIMES else sizes[name] for name in self.fields), 2]
        self.steps = -(-int(rows.lengths.max()) // GROUP)
        self.generator = Generator(self.widths, self.steps).to(device)
        self.critic = dense(1 + self.steps * GROUP * sum(self.widths), 1).to(device)
        self.start_critic = dense(1, 1).to(device)
        self.low, self.high = int(rows.starts.min()), int(rows.starts.max())
        self._lay_out()

    def _lay_out(self):
        """Codes of traces padded to the longest, on the device."""
        rows, longest = self.rows, self.steps * GROUP
        first = np.concatenate([[0], np.cumsum(rows.lengths)[:-1]])
        at = first[:, None] + np.arange(longest)[None, :]
        there = np.arange(longest)[None, :] < rows.lengths[:, None]
        at = np.where(there, at, 0)
        self.there = torch.from_numpy(there).to(self.device)
        self.laid = {
            name: torch.from_numpy(rows.codes[name][at].astype(np.int32)).to(self.device) for name in self.fields
        }
        scaled = (rows.starts - self.low) / max(1, self.high - self.low) * 2 - 1
        self.starts = torch.from_numpy(scaled.astype(np.float32)).to(self.device)[:, None]

    def real(self, chosen):
        """Starts and rows of traces, as the generator gives them."""
        parts = []
        for name, width in zip(self.fields, self.widths):
            code = self.laid[name][chosen]
            parts.append(code[:, :, None] / LEVELS if name in TIMES else nn.functional.one_hot(code.long(), width).float())
        there = self.there[chosen][:, :, None].float()
        # The flag says whether another row follows.
        follows = torch.cat([there[:, 1:], torch.zeros_like(there[:, :1])], 1)
        return self.starts[chosen], torch.cat([*parts, follows, 1 - follows], 2) * there

    def judge(self, start, rows):
        return self.critic(torch.cat([start, rows.flatten(1)], 1))

    def penalty(self, critic, real, fake):
        share = torch.rand(len(real[0]), 1, device=self.device)
        mixed = [
            (r + share.reshape(-1, *[1] * (r.dim() - 1)) * (f - r)).detach().requires_grad_() for r, f in zip(real, fake)
        ]
        slopes = torch.autograd.grad(critic(*mixed).sum(), mixed, create_graph=True)
        norm = torch.sqrt(sum(slope.square().flatten(1).sum(1) for slope in slopes) + 1e-8)
        return PENALTY * (norm - 1).square().mean()

    def fit(self, seconds):
        """Trains for that long or EPOCHS, and gives what there is to tell."""
        adam = lambda network: torch.optim.Adam(network.parameters(), lr=RATE, betas=BETAS)
        draws, judges, starts = adam(self.generator), adam(self.critic), adam(self.start_critic)
        count = len(self.starts)
        batch = min(BATCH, count)
        began, steps, distance = time.time(), 0, torch.zeros(())
        while time.time() - began < seconds and steps * batch < EPOCHS * count:
            chosen = torch.from_numpy(self.random.choice(count, batch, replace=False)).to(self.device)
            real = self.real(chosen)
            for _ in range(CRITIC_ROUNDS):
                with torch.no_grad():
                    fake = self.generator(batch, self.device)
                distance = self.judge(*real).mean() - self.judge(*fake).mean()
                loss = self.penalty(self.judge, real, fake) - distance
                judges.zero_grad(set_to_none=True)
                loss.backward()
                judges.step()
                alone = self.start_critic(fake[0]).mean() - self.start_critic(real[0]).mean()
                loss = alone + self.penalty(self.start_critic, real[:1], fake[:1])
                starts.zero_grad(set_to_none=True)
                loss.backward()
                starts.step()
            fake = self.generator(batch, self.device)
            loss = -self.judge(*fake).mean() - self.start_critic(fake[0]).mean()
            draws.zero_grad(set_to_none=True)
            loss.backward()
            draws.step()
            steps += 1
        return {
            "parameters": sum(p.numel() for p in self.generator.parameters()),
            "steps": steps,
            "epochs": round(steps * batch / count, 2),
            "seconds": round(time.time() - began, 1),
            "distance": round(float(distance.detach()), 4),
            **network_bytes(self.generator),
        }

    @torch.no_grad()
    def sample(self, count):
        """Rows of `count` traces; categories are the likeliest ones, as in the original."""
        self.generator.eval()
        codes, lengths, starts = {name: [] for name in self.fields}, [], []
        while len(starts) < count:
            start, drawn = self.generator(min(500, count - len(starts)), self.device)
            parts = dict(zip([*self.fields, "there"], drawn.split(self.widths, 2)))
            follows = (parts.pop("there")[:, :, 0] > 0.5).int().cumprod(1)
            length = (follows.sum(1) + 1).clamp(max=follows.shape[1])
            kept = torch.arange(follows.shape[1], device=self.device)[None, :] < length[:, None]
            for name, part in parts.items():
                code = (part[:, :, 0] * LEVELS).long() if name in TIMES else part.argmax(2)
                codes[name].append(code[kept].clamp(max=LEVELS - 1).cpu().numpy())
            lengths.append(length.cpu().numpy())
            starts.extend(start[:, 0].double().cpu().tolist())
        joined = {name: np.concatenate(parts) for name, parts in codes.items()}
        total = sum(int(length.sum()) for length in lengths)
        joined.update({name: np.full(total, code) for name, code in self.constant.items()})
        begin = np.rint(self.low + (np.array(starts) + 1) / 2 * (self.high - self.low)).astype(np.int64)
        return self.rows.like({name: joined[name] for name in self.rows.codes}, np.concatenate(lengths), begin)


def fit(rows, seed, seconds):
    torch.backends.cuda.matmul.allow_tf32 = True
    model = NetShare(rows, seed, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    notes = model.fit(seconds)
    began = time.time()
    drawn = model.sample(len(rows.lengths))
    drawn.notes = {**notes, "drawing_seconds": round(time.time() - began, 1)}
    return drawn


if __name__ == "__main__":
    main(fit)
