"""What a viewer measures on a moving figure: places of its joints and soles in the world, bends, slips, speeds."""

from __future__ import annotations

import numpy as np

from kinoeye.geometry.convention import matrix_to_rotvec, wxyz_to_matrix
from kinoeye.shot.bodies import joint_transforms

SIDES = ("Left", "Right")


class Observed:
    """A skeleton posed along a track, in the world."""

    def __init__(self, skeleton, track, times_s, local_wxyz, root_xyz):
        self.skeleton, self.times_s = skeleton, times_s
        T_body_rest = joint_transforms(skeleton, local_wxyz, root_xyz)
        pose = track.at(track.times_s.new_tensor(times_s)).T_world_body.wxyz_xyz.numpy()
        R = wxyz_to_matrix(pose[:, :4])
        self.T_world_rest = np.empty_like(T_body_rest)
        self.T_world_rest[..., :3] = R[:, None] @ T_body_rest[..., :3]
        self.T_world_rest[..., 3] = np.einsum("fab,fjb->fja", R, T_body_rest[..., 3]) + pose[:, None, 4:]
        self.ground = pose[:, 6]
        self.R_joint = wxyz_to_matrix(local_wxyz)

    def point(self, joint, rest):
        """[f, 3] where a joint has carried a point of the rest pose."""
        T = self.T_world_rest[:, self.skeleton.index(joint)]
        return T[..., :3] @ rest + T[..., 3]

    def head(self, joint):
        return self.point(joint, self.skeleton.heads[self.skeleton.index(joint)])

    def soles(self):
        """[6, f, 3] ball, toe and heel of both feet, on the ground when they stand."""
        found = []
        for side in SIDES:
            ball = self.skeleton.heads[self.skeleton.index(side + "ToeBase")] * [1, 1, 0]
            ankle = self.skeleton.heads[self.skeleton.index(side + "Foot")] * [1, 1, 0]
            found += [self.point(side + "ToeBase", ball), self.point(side + "ToeBase", ball + 0.3 * (ball - ankle))]
            found += [self.point(side + "Foot", ankle - 0.25 * (ball - ankle))]
        return np.array(found)

    def slip_m(self, height_m=0.001, shortest_s=0.1):
        """The furthest that a sole's point moves over the ground while it stays on it."""
        worst, rests = 0.0, 0
        for point in self.soles():
            down = point[:, 2] - self.ground < height_m
            edges = np.flatnonzero(np.diff(np.concatenate([[False], down, [False]]).astype(int)))
            for start, end in zip(edges[::2], edges[1::2], strict=True):
                if self.times_s[end - 1] - self.times_s[start] < shortest_s:
                    continue
                rests += 1
                places = point[start:end, :2]
                worst = max(worst, float(np.linalg.norm(places - np.median(places, axis=0), axis=1).max()))
        assert rests > 0
        return worst

    def lowest_m(self):
        """The deepest point of the soles, and the joints of the toes."""
        points = [*self.soles(), *(self.head(side + "ToeBase") for side in SIDES)]
        return min(float((point[:, 2] - self.ground).min()) for point in points)

    def knees(self):
        """[2, f] bend of the knees in radians, 0 straight."""
        found = []
        for side in SIDES:
            hip, knee, ankle = (self.head(side + name) for name in ("UpLeg", "Leg", "Foot"))
            u, v = knee - hip, ankle - knee
            cosine = (u * v).sum(-1) / np.linalg.norm(u, axis=-1) / np.linalg.norm(v, axis=-1)
            found.append(np.arccos(np.clip(cosine, -1, 1)))
        return np.array(found)

    def knees_point_ahead(self):
        """The least share of forward in the knees' side of the line from hip to ankle, in the thigh's own heading."""
        least = 1.0
        for side in SIDES:
            hip, knee, ankle = (self.head(side + name) for name in ("UpLeg", "Leg", "Foot"))
            n = (ankle - hip) / np.linalg.norm(ankle - hip, axis=-1, keepdims=True)
            k = knee - hip - ((knee - hip) * n).sum(-1, keepdims=True) * n
            ahead = self.T_world_rest[:, 0, :, 0]
            least = min(least, float(((k / np.linalg.norm(k, axis=-1, keepdims=True)) * ahead).sum(-1).min()))
        return least

    def joint_speed(self):
        """[f - 1, j] radians a second of every joint but the root, relative to its parent."""
        R = self.R_joint[:, 1:]
        turns = matrix_to_rotvec(np.swapaxes(R[:-1], -1, -2) @ R[1:])
        return np.linalg.norm(turns, axis=-1) / np.diff(self.times_s)[:, None]
